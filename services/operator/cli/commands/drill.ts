import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { runData } from '../run-text.ts';
import { withVerdict } from '../verdict-text.ts';
import { watchRun } from '../watch-run.ts';

export const drill: LeafCommand = {
  name: 'drill',
  summary: 'restore a backup into a sandbox, prove it there and ask the application',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--backup <id>', 'a backup id, latest (the default), or random'],
    ['--no-wait', 'start it and leave'],
    ['--request-id <id>', 'the same id, sent again, is the same drill'],
  ],
  examples: ['holdfast drill records-eu', 'holdfast drill records-eu --backup random --json'],
  async act(input, context) {
    const requestId = input.text('requestId') ?? randomUUID();
    const backupId = input.text('backup') ?? 'latest';
    return await withFrontDoor(context, async (door) => {
      const run = await door.startDrill({ deployment: input.word(0), backupId, requestId });
      context.report.note(`drill of ${run.deployment}: run ${run.runId}`);
      if (!input.flag('wait'))
        return { data: { run: runData(run) }, text: `watch it: holdfast runs watch ${run.runId}` };
      return await withVerdict(await watchRun(door, run.runId, context), door);
    });
  },
};
