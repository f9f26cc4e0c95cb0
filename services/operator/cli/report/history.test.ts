import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPONENTS } from '#libs/contracts/sites.ts';
import type { Backup } from '../front-door.ts';
import { newestBackups } from './history.ts';

/** A store of `count` backups, each other one of the configuration alone, that counts what is asked of it. */
function storeOf(count: number) {
  const all = Array.from({ length: count }, (_, at) => ({
    backupId: String(at),
    components: at % 2 === 0 ? ['config'] : [...COMPONENTS],
  })) as unknown as readonly Backup[];
  let pages = 0;
  return {
    pages: () => pages,
    listBackups: ({ pageSize, pageToken }: { pageSize: number; pageToken: string }) => {
      pages += 1;
      const end = Number(pageToken) + pageSize;
      const nextPageToken = end < count ? String(end) : '';
      return Promise.resolve({ backups: all.slice(Number(pageToken), end) as Backup[], nextPageToken });
    },
  };
}

test('the newest whole backups are read and no page beyond them', async () => {
  const store = storeOf(500);
  const read = await Array.fromAsync(newestBackups(store, 'records', 15));
  assert.deepEqual([read.length, read.at(-1)!.backupId, store.pages()], [30, '29', 2]);
});

test('where there are fewer whole ones than asked for, all are read', async () => {
  const store = storeOf(30);
  const read = await Array.fromAsync(newestBackups(store, 'records', 16));
  assert.deepEqual([read.length, store.pages()], [30, 2]);
});
