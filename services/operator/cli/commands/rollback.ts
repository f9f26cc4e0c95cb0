import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { requireYes } from '../confirm.ts';
import { withFrontDoor } from '../connection.ts';
import { watchRun } from '../watch-run.ts';

export const rollback: LeafCommand = {
  name: 'rollback',
  summary: 'back to the state that the newest restore switched away',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--yes', 'do not ask'],
    ['--request-id <id>', 'the same id, sent again, is the same rollback'],
  ],
  examples: ['holdfast rollback records-eu'],
  async act(input, context) {
    const deployment = input.word(0);
    await requireYes(
      `Put back the state from before the newest restore of ${deployment}?`,
      context,
      input.flag('yes'),
    );
    return await withFrontDoor(context, async (door) => {
      const requestId = input.text('requestId') ?? randomUUID();
      const run = await door.startRollback({ deployment, requestId });
      return await watchRun(door, run.runId, context);
    });
  },
};
