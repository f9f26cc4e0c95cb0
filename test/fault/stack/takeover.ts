import type { ObjectStore } from '#libs/store/port.ts';
import { logPrefix, readChain } from './ledger.ts';
import { DEPLOYMENT } from './scenes.ts';

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** From a moment to the entry of the log by which the run is another's; undefined when there is none. */
export async function takenOverMs(
  store: ObjectStore,
  runId: string,
  sinceMs: number,
): Promise<number | undefined> {
  const log = await readChain(store, logPrefix(DEPLOYMENT));
  const taken = log.find(
    ({ at, event }) => event.kind === 'taken-over' && event.runId === runId && Date.parse(at) >= sinceMs,
  );
  return taken === undefined ? undefined : Date.parse(taken.at) - sinceMs;
}
