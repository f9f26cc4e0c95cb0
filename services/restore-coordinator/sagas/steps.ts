import type { ServiceName } from '#libs/contracts/services.ts';
import { nameAt, type ComponentName, type Part } from '#libs/contracts/sites.ts';
import type { Verb } from '#libs/contracts/step.ts';
import { within, type CommandWork, type LocalWork, type SagaStep } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { prunedIds } from '#libs/saga/kept-backups.ts';
import type { LogEntry } from '#libs/saga/log.ts';

/** What the steps of restore, rollback and release are made of. */
export const WORKERS = {
  database: 'db-snapshot',
  files: 'file-snapshot',
  config: 'config-vault',
} as const satisfies Record<ComponentName, ServiceName>;

const HOUR_MS = 3_600_000;

export function step(name: string, after: readonly string[], work: CommandWork | LocalWork): SagaStep {
  return { name, after, work, attemptsMax: 2, deadlines: within(24 * HOUR_MS) };
}

export function command(service: ServiceName, verb: Verb, request: CommandWork['request']): CommandWork {
  return { service, verb, request };
}

/** For the worker that has this part. */
export function commandTo(
  { component, site }: Part,
  verb: Verb,
  request: CommandWork['request'],
): CommandWork {
  return { ...command(WORKERS[component], verb, request), site };
}

/** For a run of a backup: a tombstone may have come since it was chosen. Of another deployment's, preflight asks. */
export function stillThere({
  parameters,
}: Pick<RunHeader, 'parameters'>): (log: readonly LogEntry[]) => boolean {
  const { backupId } = parameters as { readonly backupId: string };
  return (log) => !prunedIds(log).has(backupId);
}

type Hook = 'stop' | 'reset' | 'start';
const INVERSE: Readonly<Record<Hook, Hook | undefined>> = { stop: 'start', start: 'stop', reset: undefined };

/** At one site after the other. */
export function hookSteps(
  name: Hook,
  after: readonly string[],
  sites: readonly string[],
): readonly [SagaStep, ...SagaStep[]] {
  const inverse = INVERSE[name];
  const work = (hook: Hook, site: string) => ({
    ...command('config-vault', 'RunHook', () => ({ hook })),
    site,
  });
  return sites.map((site, at) => ({
    ...step(nameAt(name, site), at === 0 ? after : [nameAt(name, sites[at - 1]!)], work(name, site)),
    ...(inverse === undefined ? {} : { undo: { work: work(inverse, site), tolerated: true } }),
  })) as readonly SagaStep[] as readonly [SagaStep, ...SagaStep[]];
}

/** From here on nobody starts on the database. */
export function closing(after: string, site: string): SagaStep {
  return {
    ...step('close', [after], doors('CloseDatabase', site)),
    undo: { work: doors('OpenDatabase', site) },
  };
}

/** Taken back before any switch is: what an application could start on must not move. */
export function opening(after: string, site: string): SagaStep {
  return {
    ...step('open', [after], doors('OpenDatabase', site)),
    undo: { work: doors('CloseDatabase', site) },
  };
}

function doors(verb: 'CloseDatabase' | 'OpenDatabase', site: string): CommandWork {
  return commandTo({ component: 'database', site }, verb, () => ({}));
}
