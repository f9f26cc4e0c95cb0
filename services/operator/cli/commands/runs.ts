import { HoldfastError } from '#libs/kernel/errors.ts';
import type { CommandGroup, Input, LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { exitOfRun } from '../exit-codes.ts';
import type { AfterSwitch, FrontDoor, RunEvent } from '../front-door.ts';
import { collectPages } from '../pages.ts';
import { runData, runText, stateText } from '../run-text.ts';
import { durationText, table } from '../text.ts';
import { endAnswer, watchRun } from '../watch-run.ts';
import { barsOf, waterfall } from '../waterfall.ts';

const RUN: readonly [string, string] = ['<run>', 'run id, or its first characters'];

const list: LeafCommand = {
  name: 'list',
  summary: 'runs, newest first',
  words: [['[deployment]', 'all deployments when not given']],
  options: [['--limit <n>', 'how many at most (default 20)']],
  examples: ['holdfast runs list', 'holdfast runs list records-eu --limit 5 --json'],
  async act(input, context) {
    const limit = input.count('limit', 20);
    return await withFrontDoor(context, async (door) => {
      const runs = await collectPages(limit, async (page) => {
        const answer = await door.listRuns({ deployment: input.findWord(0) ?? '', ...page });
        return { items: answer.runs, next: answer.nextPageToken };
      });
      const rows = runs.map((run) => [
        run.runId,
        run.deployment,
        run.kind,
        stateText(run),
        run.openedAt,
        tookText(run.openedAt, run.finishedAt),
      ]);
      const text =
        runs.length === 0
          ? 'no runs yet'
          : table(['RUN', 'DEPLOYMENT', 'KIND', 'STATE', 'OPENED', 'TOOK'], rows);
      return { data: { runs: runs.map(runData) }, text };
    });
  },
};

const show: LeafCommand = {
  name: 'show',
  summary: 'steps of a run, their state and times, and why it failed',
  words: [RUN],
  examples: ['holdfast runs show 3f2a'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const run = await door.getRun(await findRun(door, input.word(0)));
      return { data: { run: runData(run) }, text: runText(run) };
    });
  },
};

const watch: LeafCommand = {
  name: 'watch',
  summary: 'follow a run to its end; the exit code is the run’s',
  words: [RUN],
  examples: ['holdfast runs watch 3f2a', 'holdfast runs watch 3f2a --json'],
  async act(input, context) {
    return await withFrontDoor(
      context,
      async (door) => await watchRun(door, await findRun(door, input.word(0)), context),
    );
  },
};

const cancel: LeafCommand = {
  name: 'cancel',
  summary: 'ask a run to stop and to take back what it did',
  words: [RUN],
  options: [
    ['--no-wait', 'ask and leave'],
    ['--after-switch <what>', 'if the living system is being switched already: take-back (default) or go-on'],
  ],
  examples: ['holdfast runs cancel 3f2a', 'holdfast runs cancel 3f2a --after-switch go-on'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const run = await door.cancelRun(await findRun(door, input.word(0)), afterSwitchOf(input));
      if (!input.flag('wait'))
        return { data: { run: runData(run) }, text: `asked; watch it: holdfast runs watch ${run.runId}` };
      if (run.finishedAt === '') await watchRun(door, run.runId, context);
      else context.report.note(`it ended ${run.finishedAt}, before anybody asked: nothing is taken back`);
      const ended = await door.getRun(run.runId);
      // What was asked for is a cancelled run.
      return { ...endAnswer(ended), exit: ended.state === 'cancelled' ? 0 : exitOfRun(ended.state) };
    });
  },
};

const AFTER_SWITCH = { 'take-back': 'AFTER_SWITCH_TAKE_BACK', 'go-on': 'AFTER_SWITCH_GO_ON' } as const;

function afterSwitchOf(input: Input): AfterSwitch {
  const given = input.text('afterSwitch') ?? 'take-back';
  if (given in AFTER_SWITCH) return AFTER_SWITCH[given as keyof typeof AFTER_SWITCH];
  throw new HoldfastError('USAGE', { option: '--after-switch', seen: given, wanted: 'take-back or go-on' });
}

const trace: LeafCommand = {
  name: 'trace',
  summary: 'steps and phases of a run as bars on one time axis',
  words: [RUN],
  examples: ['holdfast runs trace 3f2a'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const run = await door.getRun(await findRun(door, input.word(0)));
      const bars = barsOf(await readJournal(door, run.runId, run.finishedAt !== ''));
      return {
        data: { runId: run.runId, state: run.state, bars },
        text: `${run.kind} ${run.runId}: ${run.state}\n${waterfall(bars)}`,
      };
    });
  },
};

export const runs: CommandGroup = {
  name: 'runs',
  summary: 'look at runs, follow and cancel them',
  commands: [list, show, watch, cancel, trace],
};

const RUN_ID_LENGTH = 32;
const SEARCHED_MAX = 500;

/** A run by its whole id, or by first characters that only one of the newest runs has. */
async function findRun(door: FrontDoor, given: string): Promise<string> {
  if (given.length >= RUN_ID_LENGTH) return given;
  const { runs: newest } = await door.listRuns({ deployment: '', pageSize: SEARCHED_MAX, pageToken: '' });
  const fitting = newest.filter(({ runId }) => runId.startsWith(given));
  return fitting.length === 1 ? fitting[0]!.runId : given;
}

/** The journal as it stands: the stream of a run that goes on is left at its first pause. */
async function readJournal(door: FrontDoor, runId: string, finished: boolean): Promise<readonly RunEvent[]> {
  if (finished) return (await Array.fromAsync(door.watchRun(runId, 0))).filter((event) => event.sequence > 0);
  const events: RunEvent[] = [];
  const pause = AbortSignal.timeout(PAUSE_MS);
  const stream = door.caller.stream<RunEvent>(
    'restore-coordinator',
    'holdfast.coordinator.v1.RunService',
    'watchRun',
    { runId, afterSequence: 0 },
    { signal: pause },
  );
  try {
    for await (const event of stream) if (event.sequence > 0) events.push(event);
  } catch (error) {
    if (!pause.aborted) throw error;
  }
  return events;
}

const PAUSE_MS = 1_000;

function tookText(from: string, to: string): string {
  return to === '' ? '' : durationText(Date.parse(to) - Date.parse(from));
}
