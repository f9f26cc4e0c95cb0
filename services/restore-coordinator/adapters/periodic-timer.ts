import { setTimeout as sleep } from 'node:timers/promises';
import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { periodicDue, type PeriodicKind } from '../domain/periodic-due.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** A kind of run that starts by itself where the policy wants it. */
export interface Periodic {
  readonly kind: PeriodicKind;
  /** How long after the last one; undefined where the policy wants none. */
  readonly everyOf: (policy: Spec['policy']) => string | undefined;
  readonly open: (deployment: string, slot: string, ports: CoordinatorPorts) => Promise<void>;
}

/** They are days apart: a minute more or less is nothing. */
const LOOK_MS = 60_000;

/** Starts the runs that policies want: looks at once, then every minute. All it knows is in the store, so a restart changes nothing. */
export function startPeriodicTimer(
  ports: CoordinatorPorts,
  kinds: readonly Periodic[],
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
        for (const periodic of kinds)
          await startIfDue(deployment, periodic).catch((error: unknown) => {
            const facts = { deployment_id: deployment, kind: periodic.kind };
            log.warn(EVENTS.periodicNotStarted, { ...facts, err: HoldfastError.from(error) });
          });
    } while (await sleep(LOOK_MS, true, { signal: stopping.signal, ref: false }).catch(() => false));
  }

  async function startIfDue(deployment: string, { kind, everyOf, open }: Periodic): Promise<void> {
    const every = everyOf((await ports.specs.read(deployment)).spec.policy);
    if (every === undefined) return;
    const slot = periodicDue({ kind, every }, await ports.readLog(deployment), ports.clock.now());
    if (slot !== undefined) await open(deployment, slot, ports);
  }
}
