import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openFront } from './fixtures/front.ts';
import { openPool } from './fixtures/pool.ts';
import { openWorld, type World } from './fixtures/world.ts';

async function through(world: World, { port }: { readonly port: string }): Promise<void> {
  const url = new URL(world.secrets.get('DB_URL')!.reveal());
  url.port = port;
  world.secrets.set('DB_URL', new Secret(url.href));
}

for (const [what, refusesOptions] of [
  ['that gives each transaction another session', false],
  ['that takes no settings of a session', true],
] as const)
  test(`a pool ${what} is refused by preflight and by the backup, with the way round it`, async () => {
    await using world = await openWorld();
    await world.sql('CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
    const taken = await world.take();
    await using pool = await openPool(new URL(world.secrets.get('DB_URL')!.reveal()), { refusesOptions });
    await through(world, pool);
    const remedy = 'give the server’s own address in place of the pool’s';
    for (const [purpose, of] of [['PURPOSE_BACKUP'], ['PURPOSE_RESTORE', taken]] as const) {
      const { problems } = await world.preflight(purpose, of);
      assert.deepEqual(
        new Set(problems.map((each) => `${each.code}: ${each.remedy}`)),
        new Set([`DATABASE_POOLED: ${remedy}`]),
      );
    }
    const refused = await world.take().catch((thrown: unknown) => HoldfastError.from(thrown));
    assert.ok(refused instanceof HoldfastError);
    assert.deepEqual([refused.code, refused.remedy, world.early.length], ['DATABASE_POOLED', remedy, 1]);
  });

test('a pool that keeps a session for as long as its client is no hindrance', async () => {
  await using world = await openWorld();
  await world.sql('CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
  await using front = await openFront(new URL(world.secrets.get('DB_URL')!.reveal()));
  await through(world, front);
  assert.deepEqual((await world.preflight('PURPOSE_BACKUP')).problems, []);
  assert.equal((await world.take()).facts['rows'], 1);
});
