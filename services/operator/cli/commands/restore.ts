import { randomUUID } from 'node:crypto';
import type { Answer, LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { runData } from '../run-text.ts';
import { approve, planAnswer, planData } from '../restore-plan.ts';
import { wishOf } from '../restore-wish.ts';
import { commandWithReferenced } from '../tables-text.ts';
import { watchRun } from '../watch-run.ts';

export const restore: LeafCommand = {
  name: 'restore',
  summary: 'plan a restore, ask, and restore in place; the old state is kept; or take some tables out',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--backup <id>', 'a backup id, or latest (the default)'],
    ['--only <component>', 'database, files or config, and nothing else; may be repeated', 'many'],
    ['--to <deployment>', 'restore to this one instead: its places, hooks and overrides are used'],
    [
      '--beside <folder>',
      'side by side: into this folder and a database of its own; the living system is not touched',
    ],
    ['--database <name>', 'with --beside: name of that database; without it, the live name and the date'],
    [
      '--tables <names>',
      'only these tables (TABLE or SCHEMA.TABLE, commas between), in a new database; may be repeated',
      'many',
    ],
    ['--into <name>', 'with --tables: name of that database, which is yours from then on'],
    ['--with-referenced', 'with --tables: also every table that their foreign keys lead to'],
    ['--plan', 'only show what would be done, and every problem'],
    ['--yes', 'do not ask'],
    ['--no-wait', 'start it and leave'],
    ['--request-id <id>', 'the same id, sent again, is the same restore'],
  ],
  examples: [
    'holdfast restore records-eu --plan',
    'holdfast restore records-eu',
    'holdfast restore records-eu --only database',
    'holdfast restore records-eu --beside /srv/records-of-tuesday',
    'holdfast restore records-eu --to records-staging',
    'holdfast restore records-eu --tables documents,public.tags --into documents_of_tuesday',
    'holdfast restore records-eu --backup 20261124T023000Z-1a2b3c4d --yes --json',
  ],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const wish = await wishOf(input, door, context.cwd);
      const plan = await door.planRestore(wish);
      const offer = commandWithReferenced(input, plan);
      if (input.flag('plan')) return withOffer(planAnswer(plan), offer);
      // Tables in a database of their own replace nothing.
      await approve(plan, context, input.flag('yes') || input.list('tables').length > 0);
      const { deployment, backupId, planDigest } = plan;
      const requestId = input.text('requestId') ?? randomUUID();
      const run = await door.startRestore({ ...wish, backupId, planDigest, requestId });
      context.report.note(`restore of ${deployment} from ${backupId}: run ${run.runId}`);
      if (input.flag('wait')) return withOffer(await watchRun(door, run.runId, context), offer);
      return {
        data: { run: runData(run), plan: planData(plan) },
        text: `watch it: holdfast runs watch ${run.runId}`,
      };
    });
  },
};

function withOffer(answer: Answer, offer: string | undefined): Answer {
  if (offer === undefined) return answer;
  return { ...answer, data: { ...answer.data, offer }, text: `${answer.text}\nwith them: ${offer}` };
}
