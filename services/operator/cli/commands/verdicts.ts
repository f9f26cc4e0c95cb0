import type { LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { verdictText } from '../verdict-text.ts';

export const verdicts: LeafCommand = {
  name: 'verdicts',
  summary: 'what verifications and drills found of a backup',
  words: [
    ['<deployment>', 'name in its spec'],
    ['[backup]', 'an id, or latest'],
  ],
  examples: ['holdfast verdicts records-eu', 'holdfast verdicts records-eu 20261124T023000Z-1a2b3c4d --json'],
  async act(input, context) {
    const deployment = input.word(0);
    return await withFrontDoor(context, async (door) => {
      const { backupId } = await door.getBackup(deployment, input.findWord(1) ?? 'latest');
      const found = await door.listVerdicts(deployment, backupId);
      return {
        data: { deployment, backupId, verdicts: found },
        text: [`backup ${backupId} of ${deployment}`, ...found.map(verdictText)].join('\n\n'),
      };
    });
  },
};
