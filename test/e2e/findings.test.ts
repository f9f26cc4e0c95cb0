import assert from 'node:assert/strict';
import { execa } from 'execa';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PROGRAM_FILE } from '#services/operator/cli/bundled.ts';
import { connectedness } from '#test/demo/trace-receiver.ts';
import { benchOf, type Bench } from '#test/findings/bench.ts';
import { FINDINGS } from '#test/findings/findings.ts';
import legacyRed from '#test/findings/legacy-red.json' with { type: 'json' };
import { MUTATIONS } from '#test/findings/mutations.ts';
import { sql } from '#test/findings/on-world.ts';
import { playScenario, runOf, type Scenario } from '#test/findings/scenario.ts';

const SERVICES = ['config-vault', 'db-snapshot', 'file-snapshot', 'restore-coordinator', 'verifier'];

describe('findings of the analysis', () => {
  const owned = new AsyncDisposableStack();
  let scenario: Scenario;
  let bench: Bench;

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-findings-'));
    owned.defer(() => rm(folder, { recursive: true, force: true }));
    scenario = await playScenario(folder, owned);
    bench = benchOf(scenario);
  });
  after(() => owned.disposeAsync());

  test('every finding has its mutation, and every mutation its finding', () => {
    assert.deepEqual(
      Object.keys(MUTATIONS),
      FINDINGS.map(({ id }) => id),
    );
  });

  for (const { id, title, holds } of FINDINGS) {
    test(`${id}: ${title}`, () => assert.equal(holds(scenario.seen), true));
    test(`${id} is red when ${MUTATIONS[id]?.what}`, async () => {
      assert.equal(holds(await MUTATIONS[id]!.harm(bench)), false);
    });
  }

  test('an unharmed copy is green in all of them', async () => {
    const copies = [
      await bench.onDatabase('SELECT 1', ['migrate', 'audit', 'beat']),
      await bench.onFiles('trees,env,documents', async () => {}),
      await bench.onLive(
        async () => {},
        async () => {},
      ),
    ];
    const red = copies.map((seen) => FINDINGS.filter(({ holds }) => !holds(seen)).map(({ id }) => id));
    assert.deepEqual(red, [[], [], []]);
  });

  test('the oracle saw everything it was asked for', () => {
    const { before: was, after: is, over } = scenario.seen;
    assert.deepEqual([was.errors, is.errors, over.errors], [[], [], []]);
  });

  test('the old way got right only what the analysis says of it', () => {
    const right = FINDINGS.map(({ id }) => id).filter((id) => !legacyRed.includes(id));
    assert.deepEqual(right, ['F3', 'F24', 'H6']);
  });

  test('the state before the second restore is kept', async () => {
    const { world, restoredOver } = scenario;
    const { runId } = runOf(restoredOver);
    const kept = `${world.database}_kept_${runId.slice(0, 8)}`;
    // Nobody may connect to the kept one itself.
    await sql(world, `CREATE DATABASE kept_copy TEMPLATE "${kept}"`, 'postgres');
    const titles = `SELECT count(*) > 0, bool_and(title LIKE '%(drifted)') FROM documents`;
    assert.equal(await sql(world, titles, 'kept_copy'), 't|t');
    const own = join(world.app, 'storage/.holdfast');
    const stages = (await readdir(own)).filter((name) => name.startsWith(runId));
    assert.equal(stages.length, 1);
    assert.ok((await readdir(join(own, stages[0]!))).includes('old'));
  });

  test('the waterfall of the restore names every step', async () => {
    const { stack, restored } = scenario;
    const { runId, steps } = runOf(restored);
    const words = [PROGRAM_FILE, 'runs', 'trace', runId, '--home', stack.home];
    const { stdout } = await execa(process.execPath, words);
    const drawn = stdout.split('\n').filter((line) => line.includes('|'));
    for (const { name } of steps)
      assert.ok(
        drawn.some((line) => line.split(' ')[0] === name && line.includes('=')),
        name,
      );
  });

  test('each restore is one connected trace over all five services', async () => {
    const { stack, receiver, restored, restoredOver } = scenario;
    // What the services had to tell is told when they have stopped.
    await stack.holdfast.expect(0, 'down');
    for (const spoken of [restored, restoredOver]) {
      const { spans, orphans, roots, services } = connectedness(receiver.spans, runOf(spoken).runId);
      assert.deepEqual({ orphans, roots, services }, { orphans: 0, roots: 1, services: SERVICES });
      assert.ok(spans > runOf(spoken).steps.length);
    }
  });
});
