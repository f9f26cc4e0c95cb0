import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { parseSpec } from '#libs/contracts/spec.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { DatabaseView, VerifierPorts } from '../ports.ts';
import { lookAt } from './look-at.ts';

const contentHash = { algorithm: 'mixed-record', value: '0' } as const;
const table = { schema: 'public', name: 'big', columns: ['id'], rows: 0, contentHash };
const staged = {
  component: 'database',
  stage: 's.1',
  live: 'l',
  side: 's',
  kept: 'k',
  comment: null,
  adapted: { sessionsDropped: 0, held: [] as string[], incomplete: [] as string[] },
} as const;

test('a proof or a count of orphans that takes hours shows life all the while', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const hours = () => t.mock.timers.tick(2 * 60 * 60_000);
  const view: DatabaseView = {
    serverMajor: 15,
    schema: async () => (hours(), { views: 'd' }),
    tables: async () => [table],
    prove: async () => (hours(), { rows: 0, contentHash }),
    sequences: async () => [],
    countTrue: async () => 0,
    orphans: async () => (hours(), []),
    [Symbol.asyncDispose]: async () => {},
  };
  const evidence = {
    requireSnapshot: async () => ({ facts: { serverMajor: 15, schema: { views: 'd' } } }),
    tables: async function* () {
      yield table;
    },
    sequences: async function* () {},
  };
  const told: string[] = [];
  const context = {
    spec: parseSpec('deployment: records\ndatabase: { url: { env: DB_URL } }\n'),
    signal: new AbortController().signal,
    progress: ({ activity }: { activity: string }) => told.push(activity),
    phase: (_: string, work: () => Promise<unknown>) => work(),
  };
  await lookAt(
    {
      snapshots: [{ deployment: 'records', component: 'database' } as SnapshotRef],
      staged: [staged],
      place: 'beside',
      digests: true,
    },
    context as unknown as StepContext,
    { evidence, databases: { open: async () => view } } as unknown as VerifierPorts,
  );
  assert.ok(told.length >= 2 * 1440, `${told.length} signs of life in four hours`);
});
