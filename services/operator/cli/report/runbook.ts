import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import { factsOf, type Manifest } from '#libs/contracts/manifest.ts';
import { COMPONENTS } from '#libs/contracts/sites.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import type { Run } from '../front-door.ts';
import { parseObject } from '../run-text.ts';
import { durationText, momentOf } from '../text.ts';
import { scenariosOf, type Scenario } from './scenarios.ts';

export interface RunbookSource {
  readonly spec: Spec;
  readonly specVersion: number;
  readonly store: string;
  readonly generatedAt: string;
  /** The newest backup that can be read. */
  readonly newest: Manifest | undefined;
  /** Newest first. */
  readonly runs: readonly Run[];
}

/** The page for the night, of this deployment: its names, its commands, its times. Pure. */
export function runbookText(source: RunbookSource): string {
  const { spec, store } = source;
  const { deployment } = spec;
  const scenarios = scenariosOf({ deployment, store });
  return [
    ...head(source),
    ...contacts(spec),
    ...needs(source),
    ...times(source),
    ...scenarios.flatMap(scenarioText),
    ...failures(deployment),
  ].join('\n');
}

function head({ spec, specVersion, store, generatedAt, newest }: RunbookSource): readonly string[] {
  const backup =
    newest === undefined
      ? '**There is no backup yet.**'
      : `Newest backup: \`${newest.backupId}\`, ${newest.completeness}, of ${momentOf(newest.mark)}.`;
  return [
    `# Runbook: ${spec.deployment}`,
    '',
    `Generated ${generatedAt} from spec version ${specVersion}. Store: \`${store}\`. ${backup}`,
    `What came after the mark of a backup is lost with the system: ${spec.policy.rpo} at most is the objective. To be back within ${spec.policy.rto} is the other one.`,
    '',
    'Every restore shows its plan and every problem first, touches nothing before you approve it, and keeps the old state.',
  ];
}

function contacts({ contacts: people }: Spec): readonly string[] {
  const lines =
    people.length === 0
      ? ['- **Nobody is named.** Add `contacts: ["name, telephone"]` to the spec.']
      : people.map((person) => `- ${person}`);
  return ['', '## Contacts', '', ...lines];
}

function needs({ spec, newest }: RunbookSource): readonly string[] {
  const database = newest === undefined ? undefined : factsOf<DatabaseFacts>(newest.snapshots, 'database');
  const config = newest === undefined ? undefined : factsOf<ConfigFacts>(newest.snapshots, 'config');
  const programs = (config?.runtime ?? []).map(({ name, found, version }) =>
    found ? `- ${name}: ${version}` : `- ${name}: was not found at the backup either`,
  );
  const server =
    database === undefined
      ? []
      : [`- PostgreSQL ${database.serverVersion} or newer, database \`${database.database}\``];
  const extensions = database === undefined ? [] : [`- extensions: ${database.extensions.join(', ')}`];
  const addresses = [spec.database.url, ...(spec.database.restoreUrl ? [spec.database.restoreUrl] : [])];
  return [
    '',
    '## What it needs',
    '',
    ...server,
    ...extensions,
    ...programs,
    `- addresses with their secrets: ${addresses.map((ref) => `\`${'env' in ref ? ref.env : ref.file}\``).join(', ')}`,
    ...spec.config.require.map((name) => `- variable \`${name}\` in an env file`),
    ...[...spec.files.roots, ...spec.config.trees].map(
      ({ name, path, optional }) => `- root ${name}: \`${path}\`${optional ? ' (may be absent)' : ''}`,
    ),
    ...spec.config.envFiles.map(({ path }) => `- env file: \`${path}\``),
  ];
}

/** Of the last run of each kind that ended well, one of everything where there is one: measured, not estimated. */
function times({ runs }: RunbookSource): readonly string[] {
  const ended = runs.filter(
    (run) => (run.state === 'completed' || run.state === 'partial') && !tookTablesOut(run),
  );
  const lines = [...new Set(ended.map(({ kind }) => kind))].map((kind) => {
    const alike = ended.filter((candidate) => candidate.kind === kind);
    return timeText(alike.find(isOfAll) ?? alike[0]!);
  });
  const restored = ended.some((run) => run.kind === 'restore' && isOfAll(run));
  const missing = restored ? [] : ['- restore of everything: **never measured on this stack**'];
  return ['', '## Last measured times', '', ...lines, ...missing];
}

function timeText(run: Run): string {
  const slowest = run.steps
    .filter(({ finishedAt }) => finishedAt !== '')
    .map(({ name, startedAt, finishedAt }) => ({
      name,
      ms: Date.parse(finishedAt) - Date.parse(startedAt),
    }))
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, 3)
    .map(({ name, ms }) => `${name} ${durationText(ms)}`);
  const took = durationText(Date.parse(run.finishedAt) - Date.parse(run.openedAt));
  const components = componentsOf(run);
  const only = components.length === 0 || isOfAll(run) ? '' : ` (${components.join(', ')} only)`;
  return `- ${run.kind}${only}: **${took}** on ${run.openedAt} (${slowest.join(', ')})`;
}

/** It says nothing of how long a restore takes. */
function tookTablesOut({ kind, outcomeJson }: Run): boolean {
  return kind === 'restore' && 'restored' in parseObject(outcomeJson);
}

function isOfAll(run: Run): boolean {
  return componentsOf(run).length === COMPONENTS.length;
}

/** As its steps name them, at whatever site; none for a run that takes or brings no component. */
function componentsOf({ steps }: Run): readonly string[] {
  return COMPONENTS.filter((component) =>
    steps.some(({ name }) => new RegExp(`^(?:stage\\.|back\\.)?${component}(?:\\.|$)`).test(name)),
  );
}

function scenarioText(scenario: Scenario): readonly string[] {
  return [
    '',
    `## ${scenario.title}`,
    '',
    scenario.when,
    '',
    ...scenario.before.map((item) => `- [ ] ${item}`),
    '',
    ...scenario.steps.flatMap((line) => ['```sh', line, '```', '']),
    ...scenario.after.map((item) => `- [ ] ${item}`),
  ];
}

function failures(deployment: string): readonly string[] {
  return [
    '',
    '## When a command fails',
    '',
    'It says a code, the cause and a remedy. Exit 4: refused, nothing was touched. Exit 5: failed, the old state is intact. Exit 6: a step has to be done by hand, and is named.',
    '',
    '```sh',
    `holdfast runs list ${deployment}  # looks only`,
    'holdfast runs show RUN',
    '```',
    '',
  ];
}
