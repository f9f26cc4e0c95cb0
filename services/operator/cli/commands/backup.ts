import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { withBackup } from '../committed-backup.ts';
import { componentsOf } from '../components.ts';
import { withFrontDoor } from '../connection.ts';
import { runData } from '../run-text.ts';
import { watchRun } from '../watch-run.ts';

export const backup: LeafCommand = {
  name: 'backup',
  summary: 'take a backup and watch it until it is committed',
  words: [['<deployment>', 'name in its spec']],
  options: [
    [
      '--only <component...>',
      'database, files or config alone: never the `latest` of everything, and no proof against a loss',
    ],
    ['--no-wait', 'start it and leave'],
    [
      '--accept-changes',
      'what changed since the last backup is meant: do not refuse it, do not say it again',
    ],
    ['--full', 'read every row again: take nothing over from the backup before'],
    [
      '--portable',
      'hash rows as text, which another major version of PostgreSQL repeats: slower, before an upgrade of it',
    ],
    ['--request-id <id>', 'the same id, sent again, is the same backup (8 to 128 characters)'],
  ],
  examples: [
    'holdfast backup records-eu',
    'holdfast backup records-eu --accept-changes',
    'holdfast backup records-eu --only config',
    'holdfast backup records-eu --portable',
    'holdfast backup records-eu --json --request-id "nightly-$(date +%F)"',
  ],
  async act(input, context) {
    const requestId = input.text('requestId') ?? randomUUID();
    return await withFrontDoor(context, async (door) => {
      const run = await door.startBackup({
        deployment: input.word(0),
        requestId,
        acceptChanges: input.flag('acceptChanges'),
        full: input.flag('full'),
        portable: input.flag('portable'),
        components: componentsOf(input),
      });
      context.report.note(`backup of ${run.deployment}: run ${run.runId}`);
      if (!input.flag('wait'))
        return { data: { run: runData(run) }, text: `watch it: holdfast runs watch ${run.runId}` };
      return await withBackup(await watchRun(door, run.runId, context), door);
    });
  },
};
