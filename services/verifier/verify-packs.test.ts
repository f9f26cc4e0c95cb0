import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { COMPONENTS, type ComponentName } from '#libs/contracts/sites.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { onVerifyPacks } from './handlers/on-verify-packs.ts';
import type { Evidence } from './ports.ts';

const backup = (backupId: string, components: readonly ComponentName[] = COMPONENTS) => ({
  backupId,
  snapshots: components.map((component) => {
    const id = `${backupId}.${component}`;
    return { deployment: 'records', component, id, digest: '' } as unknown as SnapshotRef;
  }),
});
const context = {
  signal: new AbortController().signal,
  progress: () => {},
  phase: (_: string, work: () => unknown) => work(),
} as unknown as StepContext;

/** Each snapshot has a pack of its own name; those of the list are damaged. */
function evidenceOf(backups: readonly ReturnType<typeof backup>[], damaged: readonly string[]) {
  return {
    neededPacks: async ({ id }) => ({ packs: [id] }),
    verifyPack: async (name) => {
      if (damaged.includes(name)) throw new HoldfastError('PACK_DAMAGED', { pack: name });
      return { bytes: 1 };
    },
    async *backups() {
      yield* backups;
    },
  } as Partial<Evidence> as Evidence;
}

async function refusedWith(damaged: readonly string[], only: readonly ComponentName[] = COMPONENTS) {
  const backups = [backup('4'), backup('3', ['config']), backup('2'), backup('1')];
  const snapshots = backups[0]!.snapshots.filter(({ component }) => only.includes(component));
  const request = { backupId: '4', snapshots } as never;
  const evidence = evidenceOf(backups, damaged);
  const error = await onVerifyPacks(request, context, { evidence } as never).then(
    () => assert.fail('accepted'),
    (thrown: unknown) => HoldfastError.from(thrown),
  );
  assert.equal(error.code, 'REFUSED');
  return { older: error.details['olderBackup'], harmed: error.problems.map(({ subject }) => subject) };
}

test('of a damaged backup every object is named, and offered is the newest older one that has all that is asked for', async () => {
  assert.deepEqual(await refusedWith(['4.database', '4.files']), {
    older: '2',
    harmed: ['pack 4.database', 'pack 4.files'],
  });
  assert.equal((await refusedWith(['4.database', '2.config'])).older, '1');
  assert.equal((await refusedWith(['4.config'], ['config'])).older, '3');
  assert.equal((await refusedWith(['4.files', '2.files', '1.files'])).older, '');
});
