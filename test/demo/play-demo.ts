import { join } from 'node:path';
import { backupFacts, checksOf, declareWorld, restoreFacts, startHoldfast } from './holdfast-scheme.ts';
import type { DemoOptions, DemoResult } from './run-demo.ts';
import type { Play, Played } from './theatre.ts';
import { connectedness, openTraceReceiver } from './trace-receiver.ts';
import { checkHolds, excused, type Flagged } from './spiteful.ts';
import { createWorld, pauseEdms, workInIt } from './world.ts';

/** A real EDMS is worked in, and a scenario is played with it from its first backup to the oracle's word. */
export async function playDemo(options: DemoOptions, play: Play): Promise<DemoResult> {
  const { folder, onNote, seed, store, inline, scenario = 'loss' } = options;
  onNote('a document-management system is made and started');
  await using world = await createWorld({ ...options, folder: join(folder, 'world') });
  onNote(`somebody works in it at ${world.baseUrl}`);
  await workInIt(world, seed);
  await pauseEdms(world);
  await using receiver = await openTraceReceiver();
  const env = { ...world.environment, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint };
  let played: ReturnType<typeof excused>;
  {
    onNote(`holdfast up --store ${store}: bus, store and five services`);
    await using stack = await startHoldfast({ home: join(folder, 'home'), store, env, inline });
    onNote('holdfast init: looks at the application and declares it');
    const deployment = await declareWorld(stack, world);
    played = excused(await play({ world, stack, deployment, seed, onNote }), world);
  }
  // The services have stopped: what they had to tell is told.
  const trace = connectedness(receiver.spans, restoreFacts(played.restore).runId);
  const shown = { scheme: 'holdfast', scenario, store, trace };
  return {
    ok: isWell(played) && trace.orphans === 0,
    ...shown,
    ...resultOf(played),
    ...(options.spiteful === true ? { flagged: played.flagged.moving } : {}),
  };
}

function isWell(played: Played & { readonly flagged: Flagged }): boolean {
  const { backup, restore, oracle, promises, sabotage, flagged } = played;
  const checks = [...checksOf(backup), ...checksOf(restore)];
  return (
    oracle.ok &&
    sabotage?.seen === sabotage?.expected &&
    Object.values(promises).every(Boolean) &&
    checks.length > 0 &&
    flagged.beyond.length === 0 &&
    checks.every((check) => checkHolds(check, flagged))
  );
}

function resultOf({ backup, restore, manualSteps, oracle, promises, sabotage }: Played) {
  const { facts, coverage } = backupFacts(backup);
  return {
    backup: facts,
    coverage,
    restore: { ...restoreFacts(restore), manualSteps },
    checks: [...checksOf(backup), ...checksOf(restore)],
    oracle,
    promises,
    ...(sabotage === undefined ? {} : { sabotage }),
  };
}
