import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { watchRun } from '../watch-run.ts';

export const scrub: LeafCommand = {
  name: 'scrub',
  summary: 'read packs of both stores again, and put back from the other what is damaged',
  words: [['<deployment>', 'name in its spec: whose run it is; packs of all are read']],
  options: [
    ['--all', 'every pack, not the share of a day'],
    ['--request-id <id>', 'the same id, sent again, is the same scrub'],
  ],
  examples: ['holdfast scrub records-eu', 'holdfast scrub records-eu --all --json'],
  async act(input, context) {
    const requestId = input.text('requestId') ?? randomUUID();
    return await withFrontDoor(context, async (door) => {
      const run = await door.startScrub({ deployment: input.word(0), all: input.flag('all'), requestId });
      context.report.note(`scrub: run ${run.runId}`);
      return await watchRun(door, run.runId, context);
    });
  },
};
