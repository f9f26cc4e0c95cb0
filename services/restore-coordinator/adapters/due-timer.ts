import type { Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { createWake } from './wake.ts';

export interface DueTimer extends AsyncDisposable {
  /** Something happened that may make a run due. */
  ring(): void;
}

interface DueDeps {
  readonly listDeployments: () => Promise<readonly string[]>;
  /** Opens what is due; returns when to look again. */
  readonly look: (deployment: string) => Promise<number | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Longest pause: the system's clock may be set meanwhile, and a deployment that failed is looked at again. */
const LOOK_MS = 60_000;

/** Looks at every deployment at once, then whenever something is due or happened. One deployment's failure stops no other. */
export function startDueTimer(deps: DueDeps): DueTimer {
  const wake = createWake();
  const stopping = new AbortController();
  let rung = false;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      rung = false;
      const nextMs = await lookAtAll(deps);
      // The bell keeps no memory: what rang while we looked is looked at now.
      if (rung) continue;
      const pauseMs = Math.min(Math.max(nextMs - deps.clock.now(), 0), LOOK_MS);
      await wake.watch(pauseMs, stopping.signal).catch(() => {});
    }
  };
  const running = run();
  return {
    ring() {
      rung = true;
      wake.announce();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function lookAtAll({ listDeployments, look, log }: DueDeps): Promise<number> {
  let nextMs = Infinity;
  try {
    for (const deployment of await listDeployments()) {
      const next = await look(deployment).catch((thrown: unknown) => {
        log.error(EVENTS.dueFailed, { deployment_id: deployment, err: HoldfastError.from(thrown) });
      });
      nextMs = Math.min(nextMs, next ?? Infinity);
    }
  } catch (thrown) {
    log.error(EVENTS.dueFailed, { err: HoldfastError.from(thrown) });
  }
  return nextMs;
}
