import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VerifyOutcome } from '#libs/contracts/requests.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { onVerifyStored } from './handlers/on-verify-stored.ts';
import type { Evidence, Verdict, VerifierPorts } from './ports.ts';

const snapshots = [{ deployment: 'records', component: 'files', id: 's', digest: '' }];
const request = { backupId: '2', level: 0, snapshots, store: 'second' } as unknown as Json;
const context = {
  command: { runId: 'r', deployment: 'records', step: 'verify.stored' },
  signal: new AbortController().signal,
  progress: () => {},
  phase: (_: string, work: () => unknown) => work(),
} as unknown as StepContext;

/** A second store with these backups, beside a first one that nobody may ask. */
function portsOf(ids: readonly string[], kept: Verdict[]): VerifierPorts {
  const second = {
    neededPacks: async () => ({ packs: ['p'] }),
    hasPack: async () => true,
    async *backups() {
      for (const backupId of ids) yield { backupId, snapshots: [] };
    },
  } as Partial<Evidence> as Evidence;
  const first = new Proxy({} as Evidence, { get: () => assert.fail('the first store was asked') });
  return {
    evidence: first,
    openSecond: async () => second,
    verdicts: { record: async (_: string, __: string, verdict: Verdict) => void kept.push(verdict) },
    clock: { now: () => 0 },
  } as unknown as VerifierPorts;
}

test('a copy is proved in the second store alone, and its verdict says so in its checks as well', async () => {
  const kept: Verdict[] = [];
  const { ok, checks } = (await onVerifyStored(
    request,
    context,
    portsOf(['3', '2'], kept),
  )) as unknown as VerifyOutcome;
  assert.deepEqual([ok, kept[0]?.store], [true, 'second']);
  assert.deepEqual(
    checks.map(({ name }) => name),
    ['manifest authentic', 'snapshots authentic', 'packs present'].map(
      (name) => `${name} in the second store`,
    ),
  );
});

test('a backup whose manifest the second store has not is none there', async () => {
  const kept: Verdict[] = [];
  for (const ids of [[], ['3', '1']]) {
    const error = await onVerifyStored(request, context, portsOf(ids, kept)).then(
      () => assert.fail('accepted'),
      (thrown: unknown) => HoldfastError.from(thrown),
    );
    assert.deepEqual([error.code, kept.at(-1)?.ok], ['MANIFEST_DAMAGED', false]);
  }
});
