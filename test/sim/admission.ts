import { Operator } from './scenario/operator.ts';
import { WORKERS } from './scenario/draw.ts';
import { specOf } from './scenario/spec.ts';
import { onStage, openStage } from './run-seed.ts';
import { Scheduler } from './world/scheduler.ts';

export interface AdmissionReport {
  readonly suite: 'admission';
  readonly seed: number;
  readonly deployments: number;
  /** Runs that one deployment asked for before all others. */
  readonly flood: number;
  readonly runs: number;
  /** Runs that `ListRuns` showed as waiting for their turn, at one moment. */
  readonly queued: number;
  /** Of the others: from the opening of a run until a coordinator has begun it. */
  readonly meanWaitMs: number;
  readonly maxWaitMs: number;
  readonly ratio: number;
  /** Of the last of the flood. */
  readonly floodWaitMs: number;
  readonly violations: readonly string[];
  readonly stuck: readonly string[];
}

const FLOODING = 'flooding';
const HOUR_MS = 3_600_000;
/** One deployment's run is some three hundred events. */
const EVENTS_MAX = 10_000_000;

/** One deployment asks for a backup many times, then many ask once, all at the same moment: who waits how long? */
export async function playAdmission(options: {
  readonly seed: number;
  readonly deployments: number;
  readonly flood: number;
}): Promise<AdmissionReport> {
  const { seed, deployments, flood } = options;
  const stage = openStage(new Scheduler(seed, { eventsMax: EVENTS_MAX }));
  const { world, system, judge } = stage;
  const names = Array.from({ length: deployments }, (_, n) => `d${n}`);
  let queued = 0;
  await onStage(stage, async () => {
    for (const name of ['coordinator-1', 'coordinator-2']) system.add('restore-coordinator', name);
    for (const role of WORKERS) for (const replica of [1, 2]) system.add(role, `${role}-${replica}`);
    const operator = new Operator(world, () => system.caller, judge);
    const askAll = async (): Promise<void> => {
      for (const name of [FLOODING, ...names]) {
        stage.site.add(name);
        await operator.declare(specOf(name, {}));
      }
      const flooding = Array.from({ length: flood }, (_, n) => operator.backup(FLOODING, `flooding-${n}`));
      await Promise.all(flooding);
      await Promise.all(names.map((name) => operator.backup(name, `${name}-asks-once`)));
      queued = await operator.countQueued();
    };
    let asked = false;
    const ask = (): void =>
      void askAll().then(
        () => (asked = true),
        (error: unknown) => judge.violate('simulation', String(error)),
      );
    world.afterInWorld(1_000, ask);
    // Not at every event: it looks at all runs.
    const isDone = () => asked && world.events % 1_000 === 0 && judge.isQuiet();
    await world.run(24 * HOUR_MS, () => judge.violations.length > 0 || isDone());
    judge.atTheEnd();
  });
  const waits = new Map<string, number>();
  for (const { header, entries } of judge.facts.runs.values()) {
    const begun = entries.find(({ event }) => event.kind === 'owned');
    if (header === undefined || begun === undefined) continue;
    const waited = Date.parse(begun.at) - Date.parse(header.openedAt);
    waits.set(header.deployment, Math.max(waited, waits.get(header.deployment) ?? 0));
  }
  const others = names.map((name) => waits.get(name) ?? Infinity);
  const meanWaitMs = others.reduce((sum, ms) => sum + ms, 0) / others.length;
  const maxWaitMs = Math.max(...others);
  return {
    suite: 'admission',
    seed,
    deployments,
    flood,
    runs: judge.facts.runs.size,
    queued,
    meanWaitMs: Math.round(meanWaitMs),
    maxWaitMs,
    ratio: Math.round((maxWaitMs / meanWaitMs) * 100) / 100,
    floodWaitMs: waits.get(FLOODING) ?? Infinity,
    violations: judge.violations,
    stuck: judge.stuck,
  };
}
