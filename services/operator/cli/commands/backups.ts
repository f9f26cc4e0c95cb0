import type { CommandGroup, LeafCommand } from '../command.ts';
import { backupData, backupsTable, backupText } from '../backup-text.ts';
import { withFrontDoor } from '../connection.ts';
import type { Backup, FrontDoor } from '../front-door.ts';
import { requireSnapshots } from '../snapshot-of.ts';
import { describedText } from '../tables-text.ts';
import { collectPages } from '../pages.ts';
import { giveUp, hold, unhold } from './hold.ts';

const list: LeafCommand = {
  name: 'list',
  summary: 'committed backups, newest first',
  words: [['[deployment]', 'all deployments when not given']],
  options: [['--limit <n>', 'how many of each at most (default 50)']],
  examples: ['holdfast backups list records-eu', 'holdfast backups list --json'],
  async act(input, context) {
    const limit = input.count('limit', 50);
    return await withFrontDoor(context, async (door) => {
      const named = input.findWord(0);
      const deployments =
        named === undefined ? (await door.listDeployments()).map(({ deployment }) => deployment) : [named];
      const listed = await Promise.all(
        deployments.map(async (deployment) => ({
          deployment,
          backups: await listOf(door, deployment, limit),
        })),
      );
      const text = listed
        .map(({ deployment, backups }) => `${deployment}\n${backupsTable(backups)}`)
        .join('\n\n');
      return {
        data: { backups: listed.flatMap(({ backups }) => backups.map(backupData)) },
        text: text === '' ? 'no deployment is declared: holdfast init --app FOLDER' : text,
      };
    });
  },
};

const show: LeafCommand = {
  name: 'show',
  summary: 'what one backup holds, by category, and what it lacks',
  words: [
    ['<deployment>', 'name in its spec'],
    ['[backup]', 'an id, or latest'],
  ],
  examples: [
    'holdfast backups show records-eu',
    'holdfast backups show records-eu 20261124T023000Z-1a2b3c4d --json',
  ],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const backup = await door.getBackup(input.word(0), input.findWord(1) ?? 'latest');
      return { data: { backup: backupData(backup) }, text: backupText(backup) };
    });
  },
};

const tables: LeafCommand = {
  name: 'tables',
  summary: 'tables of a backup: rows, bytes and where their foreign keys lead; nothing is restored',
  words: [
    ['<deployment>', 'name in its spec'],
    ['[backup]', 'an id, or latest'],
  ],
  examples: [
    'holdfast backups tables records-eu',
    'holdfast backups tables records-eu 20261124T023000Z-1a2b3c4d --json',
  ],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const wanted = { deployment: input.word(0), backup: input.findWord(1) ?? 'latest' };
      const { backupId, snapshots } = await requireSnapshots(door, { ...wanted, component: 'database' });
      const { id, site } = snapshots[0]!;
      const described = await door.describeSnapshot({ deployment: wanted.deployment, snapshotId: id }, site);
      return { data: { backupId, ...described }, text: describedText(described) };
    });
  },
};

export const backups: CommandGroup = {
  name: 'backups',
  summary: 'look at backups, hold some, give up what is lost',
  commands: [list, show, tables, hold, unhold, giveUp],
};

async function listOf(door: FrontDoor, deployment: string, limit: number): Promise<readonly Backup[]> {
  return await collectPages(limit, async (page) => {
    const answer = await door.listBackups({ deployment, ...page });
    return { items: answer.backups, next: answer.nextPageToken };
  });
}
