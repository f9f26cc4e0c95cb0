import { backupData, backupText } from './backup-text.ts';
import type { Answer } from './command.ts';
import type { FrontDoor } from './front-door.ts';

/** A committed backup is shown whole: what it holds and what it lacks. */
export async function withBackup(answer: Answer, door: FrontDoor): Promise<Answer> {
  const run = answer.data['run'] as { deployment: string; outcome: { backupId?: string } };
  if (run.outcome.backupId === undefined) return answer;
  const committed = await door.getBackup(run.deployment, run.outcome.backupId);
  return {
    ...answer,
    data: { ...answer.data, backup: backupData(committed) },
    text: `${answer.text}\n${backupText(committed)}`,
  };
}
