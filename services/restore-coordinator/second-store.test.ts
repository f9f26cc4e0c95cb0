import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScrubbedStore } from '#libs/contracts/care.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { onHealRepository } from './handlers/on-heal-repository.ts';
import { onReplicate } from './handlers/on-replicate.ts';
import type { CoordinatorPorts, SecondStore } from './ports.ts';
import { replicateSaga } from './sagas/replicate.ts';
import { scrubSaga } from './sagas/scrub.ts';

const context = { signal: new AbortController().signal, progress: () => {} } as unknown as StepContext;
const leftOut = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    code: 'PACK_DAMAGED' as const,
    object: `packs/${n}`,
    reason: '',
  }));

function portsOf(second: Partial<SecondStore> | undefined): CoordinatorPorts {
  const harmedBackups = async (objects: readonly string[]) => objects.map((object) => `records/${object}`);
  return { second, harmedBackups } as Partial<CoordinatorPorts> as CoordinatorPorts;
}

test('what was not copied is told with its count, and makes the run partial', async () => {
  const replicate = async (count: number) =>
    await onReplicate(
      {},
      context,
      portsOf({
        replicate: async () => ({ copied: 1, bytes: 2, deleted: 0, leftOut: leftOut(count) }),
      }),
    );
  const whole = await replicate(0);
  assert.deepEqual(whole, { copied: 1, bytes: 2, deleted: 0, leftOut: [], leftOutCount: 0 });
  assert.equal(replicateSaga.outcomeOf({ replicate: whole }), 'completed');
  const partial = (await replicate(1000)) as { leftOut: readonly Json[]; leftOutCount: number };
  assert.deepEqual([partial.leftOut.length, partial.leftOutCount], [50, 1000]);
  assert.equal(replicateSaga.outcomeOf({ replicate: partial as unknown as Json }), 'partial');
  await assert.rejects(onReplicate({}, context, portsOf(undefined)), { code: 'SECOND_STORE_MISSING' });
});

const scrubbed = (store: ScrubbedStore['store'], damaged: number, damagedCount = damaged): ScrubbedStore => ({
  store,
  packs: 1,
  bytes: 1,
  records: 1,
  damaged: leftOut(damaged),
  damagedCount,
});
const heal = (second: Partial<SecondStore> | undefined, ...stores: readonly ScrubbedStore[]) =>
  onHealRepository({ stores } as unknown as Json, context, portsOf(second));

test('each store is healed from the other, and every healed object is named', async () => {
  const asked: string[] = [];
  const second: Partial<SecondStore> = {
    async heal(which, objects) {
      asked.push(`${which} ${objects.join()}`);
      return { healed: objects, unhealed: [] };
    },
  };
  const done = await heal(second, scrubbed('first', 1), scrubbed('second', 2));
  assert.deepEqual(asked, ['first packs/0', 'second packs/0,packs/1']);
  assert.deepEqual(done, {
    healed: [
      { store: 'first', object: 'packs/0' },
      { store: 'second', object: 'packs/0' },
      { store: 'second', object: 'packs/1' },
    ],
  });
  assert.deepEqual(await heal(second, scrubbed('first', 0)), { healed: [] });
});

test('damage that is not healed fails the run, with each object, the backups it harms, and what was healed', async () => {
  const second: Partial<SecondStore> = {
    heal: async (_, objects) => ({ healed: objects.slice(1), unhealed: leftOut(1) }),
  };
  for (const [has, healed] of [
    [second, ['packs/1']],
    [undefined, []],
  ] as const) {
    const error = await heal(has, scrubbed('first', 2)).then(
      () => assert.fail('it did not fail'),
      (thrown: unknown) => HoldfastError.from(thrown),
    );
    assert.equal(error.code, 'STORE_DAMAGED');
    assert.deepEqual(error.details['healed'], healed);
    assert.ok((error.details['backups'] as readonly string[]).includes('records/packs/0'));
    assert.equal(error.problems[0]?.subject, 'packs/0 of the first store');
  }
});

test('a scrub that found more than one command carries is partial', () => {
  const outcomeOf = (count: number) =>
    scrubSaga.outcomeOf({ scrub: { stores: [scrubbed('first', 1, count)] } as unknown as Json });
  assert.deepEqual([outcomeOf(1), outcomeOf(2)], ['completed', 'partial']);
});
