import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { declareWorld, startHoldfast, type Check, type RunningStack } from '#test/demo/holdfast-scheme.ts';
import { createWorld, stopEdms, type World } from '#test/demo/world.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import { declareEdited, type Edit } from '#test/findings/specs.ts';
import { fingerprint } from '#test/findings/on-world.ts';

interface Found {
  readonly exit: number;
  readonly checks: ReadonlyMap<string, Check>;
  readonly failed: readonly string[];
  readonly notChecked: readonly string[];
}

describe('drills', () => {
  const owned = new AsyncDisposableStack();
  let world: World;
  let stack: RunningStack;
  let deployment: string;
  let good: Found;

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-drills-'));
    owned.defer(() => rm(folder, { recursive: true, force: true }));
    world = owned.use(
      await createWorld({ folder: join(folder, 'world'), scale: 'small', rows: 0, files: 0, seed: 1, onNote: () => {} }),
    );
    stack = owned.use(await startHoldfast({ home: join(folder, 'home'), store: 'disk', env: world.environment }));
    deployment = await declareWorld(stack, world);
    await declareEdited(stack, deployment, withApplication(world));
    await stack.holdfast.expect(0, 'backup', deployment);
    await stopEdms(world);
    good = foundOf(await stack.holdfast.say('drill', deployment));
  });
  after(() => owned.disposeAsync());

  test('a drill of a good backup passes every check up to L5', async () => {
    console.log(JSON.stringify([...good.checks.values()], null, 1), good.notChecked, await fingerprint(world));
    assert.deepEqual(good.failed, []);
    assert.equal(good.exit, 0);
    assert.deepEqual((await readdir(tmpdir())).filter((name) => name.startsWith('holdfast-drill-')), []);
  });
});

/** What only a person knows: how it is told of the copy, how it is served, and what it can prove itself. */
function withApplication(world: World): Edit {
  const manage = (name: string) => [world.python, 'manage.py', name];
  return (spec) => {
    spec.setIn(['application', 'serve'], spec.createNode([world.python, '-m', 'gunicorn', '-b', new URL(world.baseUrl).host, 'registrar.wsgi']));
    spec.set('drill', spec.createNode({ set: { DB_HOST: '{socket}', DB_PORT: '{port}', DB_NAME: '{database}' } }));
    spec.addIn(['checks'], spec.createNode({ name: 'workflow transition', command: manage('probe') }));
    spec.addIn(['checks'], spec.createNode({ name: 'key canaries', command: manage('canary') }));
  };
}

function foundOf({ exit, answer, stderr, lines }: Spoken): Found {
  const { verdict } = answer as { verdict?: { checks: readonly Check[]; notChecked: readonly string[] } };
  if (verdict === undefined) throw new Error(`no verdict: ${JSON.stringify(lines.filter(({ event }) => (event as { kind?: string } | undefined)?.kind === 'step-failed'))} ${stderr}`);
  return {
    exit,
    checks: new Map(verdict.checks.map((check) => [check.name, check])),
    failed: verdict.checks.filter(({ ok }) => !ok).map(({ name }) => name),
    notChecked: verdict.notChecked,
  };
}
