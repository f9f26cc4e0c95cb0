import { randomUUID } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { withVerdict } from '../verdict-text.ts';
import { watchRun } from '../watch-run.ts';

export const verify: LeafCommand = {
  name: 'verify',
  summary: 'read a backup again where it lies; from level 2 on that is a drill',
  words: [['<deployment>', 'name in its spec']],
  options: [
    ['--backup <id>', 'a backup id, or latest (the default)'],
    ['--level <n>', '0: the chain, and that all is there; 1 (the default): every byte as well'],
    ['--second', 'its copy in the second store, and nothing else'],
    ['--request-id <id>', 'the same id, sent again, is the same verification'],
  ],
  examples: [
    'holdfast verify records-eu',
    'holdfast verify records-eu --level 0 --json',
    'holdfast verify records-eu --second',
  ],
  async act(input, context) {
    const deployment = input.word(0);
    const level = input.text('level') ?? '1';
    if (level !== '0' && level !== '1')
      throw new HoldfastError('USAGE', {
        option: '--level',
        seen: level,
        wanted: '0 or 1',
        remedy: `higher levels need a restore: holdfast drill ${deployment}`,
      });
    const requestId = input.text('requestId') ?? randomUUID();
    const backupId = input.text('backup') ?? 'latest';
    return await withFrontDoor(context, async (door) => {
      const run = await door.startVerify({
        deployment,
        backupId,
        level: Number(level),
        second: input.flag('second'),
        requestId,
      });
      context.report.note(`verification of ${run.deployment}: run ${run.runId}`);
      return await withVerdict(await watchRun(door, run.runId, context), door);
    });
  },
};
