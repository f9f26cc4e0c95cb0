import { Site } from './workers/site.ts';
import { System } from './system.ts';
import { SimBroker } from './twins/broker.ts';
import { SimBucket } from './twins/store.ts';
import { fairWeather } from './twins/weather.ts';
import { Judge } from './judge.ts';
import { Scheduler } from './world/scheduler.ts';
import { enterWorld } from './world/virtual-time.ts';
import { play, type Stage } from './scenario/draw.ts';

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly stuck: readonly string[];
  readonly events: number;
  readonly virtualMs: number;
  readonly history: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** One world from its beginning to its end. */
export async function runSeed(seed: number): Promise<SeedResult> {
  const stage = openStage(new Scheduler(seed));
  const { judge, world } = stage;
  await onStage(stage, () => play(stage, () => judge.violations.length > 0));
  return {
    seed,
    violations: judge.violations,
    stuck: judge.stuck,
    events: world.events,
    virtualMs: world.nowMs,
    history: world.history.lines(),
    counts: judge.counts(),
  };
}

/** An installation without processes, in fair weather, with a judge who sees everything. */
export function openStage(world: Scheduler): Stage {
  const weather = fairWeather();
  const judge = new Judge(world);
  const site = new Site(judge);
  const bucket = new SimBucket(world, weather, judge);
  const broker = new SimBroker(world, weather, judge);
  judge.watch(site, bucket);
  const system = new System({ world, weather, bucket, broker, site });
  return { world, weather, broker, bucket, site, system, judge };
}

/** Time and chance are the world's until it is over; what nobody caught is a violation. */
export async function onStage({ world, judge }: Stage, course: () => Promise<void>): Promise<void> {
  enterWorld(world);
  const unhandled = (error: unknown): void =>
    judge.violate('no crash', `unhandled: ${(error as Error).stack}`);
  process.on('unhandledRejection', unhandled);
  try {
    await course();
  } catch (error) {
    judge.violate('simulation', (error as Error).stack ?? String(error));
  } finally {
    process.off('unhandledRejection', unhandled);
    enterWorld(undefined);
  }
}
