import { randomUUID } from 'node:crypto';
import type { CommandGroup } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { watchRun } from '../watch-run.ts';

export const schedules: CommandGroup = {
  name: 'schedules',
  summary: 'recurring tasks that a restore from another deployment holds',
  commands: [
    {
      name: 'release',
      summary: 'enable exactly the tasks that the newest restore held',
      words: [['<deployment>', 'name in its spec']],
      options: [['--request-id <id>', 'the same id, sent again, is the same release']],
      examples: ['holdfast schedules release records-staging'],
      async act(input, context) {
        return await withFrontDoor(context, async (door) => {
          const requestId = input.text('requestId') ?? randomUUID();
          const run = await door.startSchedules({ deployment: input.word(0), requestId });
          return await watchRun(door, run.runId, context);
        });
      },
    },
  ],
};
