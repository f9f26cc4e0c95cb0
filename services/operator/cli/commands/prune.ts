import { randomUUID } from 'node:crypto';
import type { LeafCommand } from '../command.ts';
import { requireYes } from '../confirm.ts';
import { withFrontDoor } from '../connection.ts';
import { prunePlanText } from '../pruned-text.ts';
import { watchRun } from '../watch-run.ts';

export const prune: LeafCommand = {
  name: 'prune',
  summary: 'forget the backups that policy.keep does not keep, and free what nothing needs',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--dry-run', 'only show which backups would stay and go, and why'],
    ['--yes', 'do not ask'],
    ['--request-id <id>', 'the same id, sent again, is the same prune'],
  ],
  examples: ['holdfast prune records-eu --dry-run', 'holdfast prune records-eu --yes --json'],
  async act(input, context) {
    const deployment = input.word(0);
    return await withFrontDoor(context, async (door) => {
      const plan = await door.planPrune(deployment);
      if (input.flag('dryRun')) return { data: { plan }, text: prunePlanText(plan) };
      context.report.note(prunePlanText(plan));
      context.report.event({ plan });
      await requireYes(
        `Forget for good the backups of ${deployment} that do not stay?`,
        context,
        input.flag('yes'),
      );
      const requestId = input.text('requestId') ?? randomUUID();
      const run = await door.startPrune({ deployment, requestId });
      return await watchRun(door, run.runId, context);
    });
  },
};
