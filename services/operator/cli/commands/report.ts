import { readStack } from '#deploy/local/stack.ts';
import { parseSpec } from '#libs/contracts/spec.ts';
import { isoTime } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Answer, CommandGroup, Context, Input, LeafCommand } from '../command.ts';
import { manifestOf } from '../backup-text.ts';
import { isWhole } from '../components.ts';
import { withFrontDoor } from '../connection.ts';
import type { FrontDoor } from '../front-door.ts';
import { coverageAnswer } from '../report/coverage-text.ts';
import { evidenceText } from '../report/evidence-text.ts';
import { readEvidence } from '../report/evidence.ts';
import { newestBackups } from '../report/history.ts';
import { runbookText } from '../report/runbook.ts';

const DEPLOYMENT: readonly [string, string] = ['<deployment>', 'name in its spec'];
/** The last measured times are those of the newest runs. */
const RUNS_LOOKED_AT = 200;

const coverage: LeafCommand = {
  name: 'coverage',
  summary:
    'what the deployment holds now against a backup, by category of data; exit 3 when something is not covered',
  words: [DEPLOYMENT],
  options: [['--backup <id>', 'a backup id, or latest (the default)']],
  examples: ['holdfast report coverage records-eu', 'holdfast report coverage records-eu --json'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) =>
      coverageAnswer(await door.getCoverage(input.word(0), input.text('backup') ?? 'latest')),
    );
  },
};

const runbook: LeafCommand = {
  name: 'runbook',
  summary:
    'the page for the night, of this deployment: names, commands, checklists, contacts, measured times',
  words: [DEPLOYMENT],
  examples: ['holdfast report runbook records-eu > runbook.md'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => await runbookAnswer(door, input.word(0), context));
  },
};

const evidence: LeafCommand = {
  name: 'evidence',
  summary:
    'backups, verdicts, restores, changes and releases of a period, over a log whose chain was verified',
  words: [DEPLOYMENT],
  options: [
    ['--from <time>', 'RFC 3339 or a date; from the beginning when not given'],
    ['--to <time>', 'RFC 3339 or a date, which counts whole; until now when not given'],
  ],
  examples: ['holdfast report evidence records-eu --from 2026-10-01 --to 2026-12-31 > evidence.md'],
  async act(input, context) {
    const period = { from: timeOf(input, 'from', 'T00:00:00Z'), to: timeOf(input, 'to', 'T23:59:59.999Z') };
    return await withFrontDoor(context, async (door): Promise<Answer> => {
      const found = await readEvidence(door, input.word(0), period);
      return { data: { evidence: found }, text: evidenceText(found) };
    });
  },
};

export const report: CommandGroup = {
  name: 'report',
  summary: 'coverage, runbook and evidence of a deployment',
  commands: [coverage, runbook, evidence],
};

async function runbookAnswer(door: FrontDoor, deployment: string, context: Context): Promise<Answer> {
  const declared = await door.getDeployment(deployment);
  const { runs } = await door.listRuns({ deployment, pageSize: RUNS_LOOKED_AT, pageToken: '' });
  const newest = (await Array.fromAsync(newestBackups(door, deployment, 1))).find(isWhole);
  const text = runbookText({
    spec: parseSpec(declared.specYaml),
    specVersion: declared.specVersion,
    store: (await readStack(context.home.folder))?.store.url ?? 'STORE',
    generatedAt: isoTime(context.clock),
    newest: newest === undefined ? undefined : manifestOf(newest),
    runs,
  });
  return { data: { deployment, markdown: text }, text };
}

/** A date alone is the whole day. Throws USAGE. */
function timeOf(input: Input, name: string, ofDay: string): string {
  const given = input.text(name);
  if (given === undefined) return '';
  const text = /^\d{4}-\d{2}-\d{2}$/.test(given) ? `${given}${ofDay}` : given;
  if (!Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw new HoldfastError('USAGE', {
    option: `--${name}`,
    seen: given,
    wanted: '2026-11-24 or 2026-11-24T02:00:00Z',
  });
}
