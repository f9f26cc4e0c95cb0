import type { LeafCommand } from '../command.ts';
import { backupData } from '../backup-text.ts';
import { requireYes } from '../confirm.ts';
import { withFrontDoor } from '../connection.ts';

const words: LeafCommand['words'] = [
  ['<deployment>', 'name in its spec'],
  ['<backup>', 'an id, or latest'],
];

export const hold: LeafCommand = {
  name: 'hold',
  summary: 'keep one backup whatever the policy says, until unhold',
  words,
  options: [['--reason <text>', 'why: it is shown wherever the backup is, and stays in the log']],
  examples: ['holdfast backups hold records-eu latest --reason "before the migration"'],
  async act(input, context) {
    const reason = input.requireText('reason');
    return await withFrontDoor(context, async (door) => {
      const asked = { deployment: input.word(0), backupId: input.word(1), reason };
      const backup = await door.holdBackup(asked);
      const text = `backup ${backup.backupId} is held: ${backup.heldBecause}`;
      return { data: { backup: backupData(backup) }, text };
    });
  },
};

export const unhold: LeafCommand = {
  name: 'unhold',
  summary: 'leave a backup to the policy again',
  words,
  examples: ['holdfast backups unhold records-eu 20261124T023000Z-1a2b3c4d'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const backup = await door.liftHold({ deployment: input.word(0), backupId: input.word(1) });
      return { data: { backup: backupData(backup) }, text: `backup ${backup.backupId} is not held any more` };
    });
  },
};

export const giveUp: LeafCommand = {
  name: 'give-up',
  summary: 'forget a backup whose manifest is damaged or gone for good',
  words: [
    ['<deployment>', 'name in its spec'],
    ['<backup>', 'an id'],
  ],
  options: [
    ['--reason <text>', 'why: it stays in the log'],
    ['--yes', 'do not ask'],
  ],
  examples: [
    'holdfast backups give-up records-eu 20261124T023000Z-1a2b3c4d --reason "no copy has it either" --yes',
  ],
  async act(input, context) {
    const reason = input.requireText('reason');
    const [deployment, backupId] = [input.word(0), input.word(1)];
    return await withFrontDoor(context, async (door) => {
      await requireYes(`Forget backup ${backupId} of ${deployment} for good?`, context, input.flag('yes'));
      const { damage } = await door.giveUpBackup({ deployment, backupId, reason });
      return {
        data: { deployment, backupId, damage },
        text: `backup ${backupId} is given up (${damage}): what only it needs goes with the next prunes`,
      };
    });
  },
};
