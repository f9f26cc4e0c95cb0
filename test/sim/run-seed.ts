import { Site } from './workers/site.ts';
import { System } from './system.ts';
import { SimBroker } from './twins/broker.ts';
import { SimBucket } from './twins/store.ts';
import { fairWeather } from './twins/weather.ts';
import { Judge } from './judge.ts';
import { Scheduler } from './world/scheduler.ts';
import { enterWorld } from './world/virtual-time.ts';
import { play } from './scenario/draw.ts';

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
  const world = new Scheduler(seed);
  enterWorld(world);
  const weather = fairWeather();
  const judge = new Judge(world);
  const site = new Site(judge);
  const bucket = new SimBucket(world, weather, judge);
  const broker = new SimBroker(world, weather, judge);
  judge.watch(site, bucket);
  const system = new System({ world, weather, bucket, broker, site });
  const unhandled = (error: unknown): void =>
    judge.violate('no crash', `unhandled: ${(error as Error).stack}`);
  process.on('unhandledRejection', unhandled);
  try {
    await play({ world, weather, broker, bucket, site, system, judge }, () => judge.violations.length > 0);
  } catch (error) {
    judge.violate('simulation', (error as Error).stack ?? String(error));
  } finally {
    process.off('unhandledRejection', unhandled);
    enterWorld(undefined);
  }
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
