import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { requireYes } from '../confirm.ts';
import { withFrontDoor } from '../connection.ts';
import { watchRun } from '../watch-run.ts';

export const release: LeafCommand = {
  name: 'release',
  summary: 'drop the old states that restores of a deployment keep',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--yes', 'do not ask'],
    ['--request-id <id>', 'the same id, sent again, is the same release'],
  ],
  examples: ['holdfast release records-eu'],
  async act(input, context) {
    const deployment = input.word(0);
    await requireYes(
      `Drop for good the states that were kept by restores of ${deployment}?`,
      context,
      input.flag('yes'),
    );
    return await withFrontDoor(context, async (door) => {
      const requestId = input.text('requestId') ?? randomUUID();
      const run = await door.startRelease({ deployment, requestId });
      return await watchRun(door, run.runId, context);
    });
  },
};
