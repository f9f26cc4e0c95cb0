import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { drillDue } from '../domain/drill-due.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Drills are days apart: a minute more or less is nothing. */
const LOOK_MS = 60_000;

/** Starts the drills that policies want: looks at once, then every minute. All it knows is in the store, so a restart changes nothing. */
export function startDrillTimer(
  ports: CoordinatorPorts,
  open: (deployment: string, slot: string, ports: CoordinatorPorts) => Promise<void>,
  log: Log,
): AsyncDisposable {
  const stopping = new AbortController();
  const done = look();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await done;
    },
  };

  async function look(): Promise<void> {
    do {
      for (const deployment of await ports.specs.list().catch(() => []))
        await startIfDue(deployment).catch((error: unknown) => {
          log.warn(EVENTS.drillNotStarted, { deployment_id: deployment, err: HoldfastError.from(error) });
        });
    } while (await sleep(LOOK_MS, true, { signal: stopping.signal, ref: false }).catch(() => false));
  }

  async function startIfDue(deployment: string): Promise<void> {
    const { drill } = (await ports.specs.read(deployment)).spec.policy;
    if (drill === undefined) return;
    const slot = drillDue(drill.every, await ports.readLog(deployment), ports.clock.now());
    if (slot !== undefined) await open(deployment, slot, ports);
  }
}
