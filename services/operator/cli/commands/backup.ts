import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { withBackup } from '../committed-backup.ts';
import { withFrontDoor } from '../connection.ts';
import { runData } from '../run-text.ts';
import { watchRun } from '../watch-run.ts';

export const backup: LeafCommand = {
  name: 'backup',
  summary: 'take a backup and watch it until it is committed',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--no-wait', 'start it and leave'],
    ['--request-id <id>', 'the same id, sent again, is the same backup (8 to 128 characters)'],
  ],
  examples: [
    'holdfast backup records-eu',
    'holdfast backup records-eu --json --request-id "nightly-$(date +%F)"',
  ],
  async act(input, context) {
    const requestId = input.text('requestId') ?? randomUUID();
    return await withFrontDoor(context, async (door) => {
      const run = await door.startBackup({ deployment: input.word(0), requestId });
      context.report.note(`backup of ${run.deployment}: run ${run.runId}`);
      if (!input.flag('wait'))
        return { data: { run: runData(run) }, text: `watch it: holdfast runs watch ${run.runId}` };
      return await withBackup(await watchRun(door, run.runId, context), door);
    });
  },
};
