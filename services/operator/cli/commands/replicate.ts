import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { watchRun } from '../watch-run.ts';

export const replicate: LeafCommand = {
  name: 'replicate',
  summary: 'copy to the second store what it lacks; damage is named, never copied',
  words: [['<deployment>', 'name in its spec: whose run it is; the whole store is copied']],
  options: [['--request-id <id>', 'the same id, sent again, is the same replication']],
  examples: ['holdfast replicate records-eu', 'holdfast replicate records-eu --json'],
  async act(input, context) {
    const requestId = input.text('requestId') ?? randomUUID();
    return await withFrontDoor(context, async (door) => {
      const run = await door.startReplicate({ deployment: input.word(0), requestId });
      context.report.note(`replication: run ${run.runId}`);
      return await watchRun(door, run.runId, context);
    });
  },
};
