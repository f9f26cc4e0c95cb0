import { randomUUID } from 'node:crypto';
import type { Answer, Context, LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import type { FrontDoor } from '../front-door.ts';
import { runData } from '../run-text.ts';
import { approve, planAnswer, planData } from '../restore-plan.ts';
import { watchRun } from '../watch-run.ts';

export const restore: LeafCommand = {
  name: 'restore',
  summary: 'plan a restore, ask, and restore in place; the old state is kept',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--backup <id>', 'a backup id, or latest (the default)'],
    ['--plan', 'only show what would be done, and every problem'],
    ['--yes', 'do not ask'],
    ['--no-wait', 'start it and leave'],
    ['--request-id <id>', 'the same id, sent again, is the same restore'],
  ],
  examples: [
    'holdfast restore records-eu --plan',
    'holdfast restore records-eu',
    'holdfast restore records-eu --backup 20261124T023000Z-1a2b3c4d --yes --json',
  ],
  async act(input, context) {
    const wanted = { deployment: input.word(0), backup: input.text('backup') ?? 'latest' };
    return await withFrontDoor(context, async (door) => {
      if (input.flag('plan')) return planAnswer(await door.planRestore(wanted.deployment, wanted.backup));
      const requestId = input.text('requestId') ?? randomUUID();
      return await restoreNow(door, context, {
        ...wanted,
        yes: input.flag('yes'),
        wait: input.flag('wait'),
        requestId,
      });
    });
  },
};

interface Wish {
  readonly deployment: string;
  readonly backup: string;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly requestId: string;
}

async function restoreNow(door: FrontDoor, context: Context, wish: Wish): Promise<Answer> {
  const plan = await door.planRestore(wish.deployment, wish.backup);
  await approve(plan, context, wish.yes);
  const { deployment, backupId, planDigest } = plan;
  const run = await door.startRestore({ deployment, backupId, planDigest, requestId: wish.requestId });
  context.report.note(`restore of ${deployment} from ${backupId}: run ${run.runId}`);
  if (!wish.wait)
    return {
      data: { run: runData(run), plan: planData(plan) },
      text: `watch it: holdfast runs watch ${run.runId}`,
    };
  return await watchRun(door, run.runId, context);
}
