import type { Judge } from '../judge.ts';
import type { Role, System } from '../system.ts';
import type { SimBroker } from '../twins/broker.ts';
import type { SimBucket } from '../twins/store.ts';
import type { Weather } from '../twins/weather.ts';
import type { Site } from '../workers/site.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { Faults } from './faults.ts';
import { Story } from './story.ts';

export interface Stage {
  readonly world: Scheduler;
  readonly weather: Weather;
  readonly broker: SimBroker;
  readonly bucket: SimBucket;
  readonly site: Site;
  readonly system: System;
  readonly judge: Judge;
}

/** How long everything may take once nothing goes wrong any more: several runs one after the other, and every patience in between. */
const QUIET_MS = 15 * 60_000;
export const WORKERS: readonly Role[] = ['db-snapshot', 'file-snapshot', 'config-vault', 'verifier'];

/**
 * One world's course: what is wanted, what goes wrong, and for how long. Safety: faults until the end, and nothing may
 * ever be violated. Liveness: at some moment all faults end, and then everything that was begun must end.
 */
export async function play(stage: Stage, isOver: () => boolean): Promise<void> {
  const { world, system, judge } = stage;
  const { random } = world;
  const coordinators = random.pick([1, 2, 2, 3]);
  for (let n = 0; n < coordinators; n += 1) system.add('restore-coordinator', `coordinator-${n + 1}`);
  for (const role of WORKERS) {
    const replicas = random.chance(0.5) ? 2 : 1;
    for (let n = 0; n < replicas; n += 1) system.add(role, `${role}-${n + 1}`);
  }
  const stories = ['records', 'archive', 'letters']
    .slice(0, random.pick([1, 1, 1, 1, 1, 2, 2, 3]))
    .map((name) => new Story(name, stage));
  const faults = new Faults(stage);
  for (const story of stories) story.begin();
  faults.begin();
  const isSafety = random.chance(0.25);
  await world.run(random.between(20_000, 90_000), isOver);
  if (isSafety || isOver()) return;
  faults.end();
  const isDone = () => stories.every((story) => story.isOver) && judge.isQuiet();
  await world.run(world.nowMs + QUIET_MS, () => isOver() || isDone());
  if (isOver()) return;
  if (!stories.every((story) => story.isOver)) judge.stuck.push('what was asked for was never answered');
  judge.atTheEnd();
}
