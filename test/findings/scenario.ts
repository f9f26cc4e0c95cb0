import { execa } from 'execa';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  checksOf,
  declareWorld,
  restoreFacts,
  startHoldfast,
  type RunningStack,
} from '#test/demo/holdfast-scheme.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import { describeSystem, judge, observe, observeWhole } from '#test/demo/judge.ts';
import { openTraceReceiver, type TraceReceiver } from '#test/demo/trace-receiver.ts';
import { createWorld, destroyWorld, startEdms, stopEdms, workInIt, type World } from '#test/demo/world.ts';
import { addUnlisted, drift, fingerprint, hashPacks, sql } from './on-world.ts';
import type { ProcessRecord, Seen } from './seen.ts';
import {
  absentRootsOf,
  countListed,
  declareEdited,
  migrationVerdictOf,
  refusalOf,
  withLostTable,
  withMissingRoot,
  withOptionalRoot,
  withoutDatabase,
  withThreeFaults,
} from './specs.ts';

/** What the findings are asked about, and the living system they came from. */
export interface Scenario {
  readonly world: World;
  readonly stack: RunningStack;
  readonly receiver: TraceReceiver;
  readonly deployment: string;
  /** Record of the source, for files that may have grown since. */
  readonly sourceRecord: string;
  readonly seen: Seen & { readonly over: NonNullable<Seen['over']>; readonly process: ProcessRecord };
  readonly backup: Spoken;
  /** Plan under the right spec. */
  readonly soundPlan: Spoken;
  readonly restored: Spoken;
  readonly restoredOver: Spoken;
  /** A database and a folder of the application equal to the restored ones, which nobody works in. */
  readonly proved: { readonly database: string; readonly app: string };
}

/** Total loss and restore, then drift and restore once more; on the way, what must be refused. */
export async function playScenario(folder: string, owned: AsyncDisposableStack): Promise<Scenario> {
  const world = owned.use(
    await createWorld({
      folder: join(folder, 'world'),
      scale: 'small',
      rows: 0,
      files: 0,
      seed: 1,
      onNote: () => {},
    }),
  );
  await addUnlisted(world);
  await workInIt(world, 1);
  const receiver = owned.use(await openTraceReceiver());
  const env = { ...world.environment, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
  const stack = owned.use(await startHoldfast({ home: join(folder, 'home'), store: 'disk', env }));
  const deployment = await declareWorld(stack, world);
  await declareEdited(stack, deployment, withOptionalRoot(world));

  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'before', system });
  const backup = await stack.holdfast.expect(0, 'backup', deployment);
  const packs = await hashPacks(join(stack.home, 'store'));

  const refused = await playRefusals(stack, world, deployment);

  await destroyWorld(world);
  const given = stack.holdfast.given();
  const restored = await stack.holdfast.expect(0, 'restore', deployment, '--yes');
  const manualSteps = stack.holdfast.given() - given - 1;
  const { after } = await judge(world, { name: 'after', system, before });

  await drift(world);
  const restoredOver = await stack.holdfast.expect(0, 'restore', deployment, '--yes');
  const over = await observe(world, { name: 'over', system, noHttp: true, since: before.quiet });
  const proved = await copyAside(world);

  const process = {
    ...refused.record,
    manualSteps,
    packs,
    checks: checksOf(restored),
    absentRoots: absentRootsOf(backup),
    migrationVerdict: migrationVerdictOf(refused.soundPlan),
  };
  const seen = { before: before.state, after, over: over.state, process };
  return {
    world,
    stack,
    receiver,
    deployment,
    sourceRecord: before.quiet,
    seen,
    backup,
    soundPlan: refused.soundPlan,
    restored,
    restoredOver,
    proved,
  };
}

async function playRefusals(stack: RunningStack, world: World, deployment: string) {
  const listedBefore = await countListed(stack);
  await declareEdited(stack, deployment, withMissingRoot(world, 'with-missing-root'));
  const missingRoot = refusalOf(await stack.holdfast.say('backup', 'with-missing-root'));
  await declareEdited(stack, deployment, await withoutDatabase(stack, 'without-database'));
  await declareEdited(stack, deployment, await withLostTable(stack, world, 'with-lost-table'));
  const ends = [
    await stack.holdfast.say('backup', 'without-database'),
    await stack.holdfast.say('backup', 'with-lost-table'),
  ];
  const exits = ends.map(({ exit }) => exit);
  const failedBackups = { exits, listedBefore, listedAfter: await countListed(stack) };

  await declareEdited(stack, deployment, await withThreeFaults(stack, world));
  const untouched = await fingerprint(world);
  const plan = await withSession(world, () => stack.holdfast.say('restore', deployment, '--plan'));
  const brokenPlan = { ...refusalOf(plan), touched: (await fingerprint(world)) !== untouched };
  await declareEdited(stack, deployment, withOptionalRoot(world));
  const soundPlan = await stack.holdfast.expect(0, 'restore', deployment, '--plan');
  return { record: { missingRoot, failedBackups, brokenPlan }, soundPlan };
}

/** Somebody is connected meanwhile, as the application's workers are. */
async function withSession<T>(world: World, work: () => Promise<T>): Promise<T> {
  const session = execa(join(world.postgres.bin, 'psql'), ['-qX', '-d', world.postgres.url(world.database)], {
    stdin: 'pipe',
    env: { PGAPPNAME: 'somebody' },
    reject: false,
  });
  try {
    while ((await sql(world, `SELECT 1 FROM pg_stat_activity WHERE application_name = 'somebody'`)) === '')
      await delay(20);
    return await work();
  } finally {
    session.stdin.end();
    await session;
  }
}

/** Copies are made while nobody works, before anything is asked that writes rows. */
async function copyAside(world: World): Promise<Scenario['proved']> {
  const proved = { database: 'proved', app: join(world.folder, 'proved') };
  await stopEdms(world);
  await sql(world, `CREATE DATABASE "${proved.database}" TEMPLATE "${world.database}"`, 'postgres');
  await execa('cp', ['-a', world.app, proved.app]);
  await startEdms(world);
  return proved;
}

export function runOf(spoken: Spoken) {
  const { run } = spoken.answer as {
    run: { readonly steps: readonly { readonly name: string; readonly state: string }[] };
  };
  return { ...restoreFacts(spoken), steps: run.steps };
}
