import type { ObjectStore } from '#libs/store/port.ts';
import { logPrefix, readChain } from './ledger.ts';
import { DEPLOYMENT } from './scenes.ts';

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
