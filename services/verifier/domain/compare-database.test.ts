import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContentHash } from '#libs/contracts/database-snapshot.ts';
import type { DatabaseView } from '../ports.ts';
import { compareDatabase } from './compare-database.ts';

/** What is said of a table of 16 whose hash is another one in the restored database. */
async function saidOf(algorithm: ContentHash['algorithm'], serverMajor: number): Promise<readonly string[]> {
  const hash = (value: string) => ({ rows: 1, contentHash: { algorithm, value } });
  const table = { schema: 'public', name: 't', columns: ['id'], throughRoot: false, ...hash('7') };
  const view: DatabaseView = {
    serverMajor,
    schema: async () => ({}),
    tables: async () => [table],
    prove: async () => hash('8'),
    sequences: async () => [],
    countTrue: async () => 0,
    orphans: async () => [],
    [Symbol.asyncDispose]: async () => {},
  };
  const facts = { serverMajor: 16, schema: {} };
  const adaptation = { sessions: 'keep', schedules: 'keep' } as const;
  const { problems } = await compareDatabase(
    { facts, tables: [table], sequences: [] },
    view,
    adaptation,
    () => {},
  );
  return problems.map(({ message }) => message);
}

test('on another major a hash may differ by itself, and the words say so', async () => {
  assert.deepEqual(await saidOf('mixed-record', 16), ['has other content']);
  assert.deepEqual(await saidOf('text', 18), [
    'has other content, or PostgreSQL 18 writes a value otherwise than 16',
  ]);
  assert.deepEqual(await saidOf('mixed-record', 18), [
    'has other content, or PostgreSQL 18 hashes rows otherwise than 16: a backup with --portable can tell',
  ]);
});
