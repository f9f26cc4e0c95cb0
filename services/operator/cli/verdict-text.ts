import type { Answer } from './command.ts';
import type { FrontDoor, Verdict } from './front-door.ts';

/** A run that tried a backup answers with what it found, also where it failed. */
export async function withVerdict(answer: Answer, door: FrontDoor): Promise<Answer> {
  const run = answer.data['run'] as { runId: string; deployment: string; outcome: { backupId: string } };
  const { backupId } = run.outcome;
  const found = (await door.listVerdicts(run.deployment, backupId)).filter(
    ({ runId }) => runId === run.runId,
  );
  // The last one of a drill holds the checks of those before it.
  const verdict = found.at(-1);
  if (verdict === undefined) return answer;
  return {
    ...answer,
    data: { ...answer.data, backupId, verdict },
    text: `${answer.text}\nbackup ${backupId}\n${verdictText(verdict)}`,
  };
}

export function verdictText({ runId, at, ok, level, store, checks, notChecked }: Verdict): string {
  return [
    `${ok ? 'passed' : 'FAILED'} up to level ${level}${store === 'second' ? ' in the second store' : ''}, ${at}, run ${runId}`,
    ...checks.map(
      ({ name, level: of, ok: good, detail }) =>
        `${good ? '  ok    ' : '  FAILED'} L${of} ${name}: ${detail}`,
    ),
    ...notChecked.map((what) => `  not checked: ${what}`),
  ].join('\n');
}
