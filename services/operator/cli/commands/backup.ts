import { randomUUID } from 'node:crypto';
import type { Answer, LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { backupData, backupText } from '../backup-text.ts';
import type { FrontDoor } from '../front-door.ts';
import { runData } from '../run-text.ts';
import { watchRun } from '../watch-run.ts';

export const backup: LeafCommand = {
  name: 'backup',
  summary: 'take a backup and watch it until it is committed',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--no-wait', 'start it and leave'],
    [
      '--accept-changes',
      'what changed since the last backup is meant: do not refuse it, do not say it again',
    ],
    ['--request-id <id>', 'the same id, sent again, is the same backup (8 to 128 characters)'],
  ],
  examples: [
    'holdfast backup records-eu',
    'holdfast backup records-eu --accept-changes',
    'holdfast backup records-eu --json --request-id "nightly-$(date +%F)"',
  ],
  async act(input, context) {
    const requestId = input.text('requestId') ?? randomUUID();
    return await withFrontDoor(context, async (door) => {
      const run = await door.startBackup({
        deployment: input.word(0),
        requestId,
        acceptChanges: input.flag('acceptChanges'),
      });
      context.report.note(`backup of ${run.deployment}: run ${run.runId}`);
      if (!input.flag('wait'))
        return { data: { run: runData(run) }, text: `watch it: holdfast runs watch ${run.runId}` };
      return await withBackup(await watchRun(door, run.runId, context), door);
    });
  },
};

/** A committed backup is shown whole: what it holds and what it lacks. */
async function withBackup(answer: Answer, door: FrontDoor): Promise<Answer> {
  const run = answer.data['run'] as { deployment: string; outcome: { backupId?: string } };
  if (run.outcome.backupId === undefined) return answer;
  const committed = await door.getBackup(run.deployment, run.outcome.backupId);
  return {
    ...answer,
    data: { ...answer.data, backup: backupData(committed) },
    text: `${answer.text}\n${backupText(committed)}`,
  };
}
