import type { SimBroker } from '../twins/broker.ts';
import type { SimBucket } from '../twins/store.ts';
import type { Weather } from '../twins/weather.ts';
import type { Judge } from '../judge.ts';
import type { System } from '../system.ts';
import type { Site } from '../workers/site.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { Operator } from './operator.ts';
import { specOf } from './spec.ts';

export interface Stage {
  readonly world: Scheduler;
  readonly weather: Weather;
  readonly broker: SimBroker;
  readonly bucket: SimBucket;
  readonly site: Site;
  readonly system: System;
  readonly judge: Judge;
}

export interface Scenario {
  play(isOver: () => boolean): Promise<void>;
}

const QUIET_MS = 15 * 60_000;

export function drawScenario(stage: Stage): Scenario {
  const { world, site, system, judge } = stage;
  const operator = new Operator(world, () => system.caller, judge);
  return {
    async play(isOver) {
      site.add('records');
      system.add('db-snapshot', 'db-a');
      system.add('file-snapshot', 'files-a');
      system.add('config-vault', 'config-a');
      system.add('verifier', 'verifier-a');
      system.add('restore-coordinator', 'coordinator-a');
      let done = false;
      const story = async () => {
        await operator.declare(specOf('records', {}));
        await operator.backup('records', 'backup-1');
        await world.pause(30_000);
        await operator.restore('records', 'restore-1');
        await world.pause(60_000);
        done = true;
      };
      world.after(
        100,
        () => void story().catch((error: unknown) => judge.violate('simulation', String(error))),
        undefined,
      );
      await world.run(QUIET_MS, () => isOver() || (done && judge.isQuiet()));
      judge.atTheEnd();
    },
  };
}
