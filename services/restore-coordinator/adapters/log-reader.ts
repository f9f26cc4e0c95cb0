import type { Chain } from '#libs/saga/chain.ts';
import { deploymentLog, type LogEntry, type LogEvent } from '#libs/saga/log.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Deployments' logs as they stand; what was read once is kept, so that looking often costs one short listing. */
export function logReader(store: ObjectStore): (deployment: string) => Promise<readonly LogEntry[]> {
  const logs = new Map<string, { chain: Chain<LogEvent>; turn: Promise<readonly LogEntry[]> }>();
  return async (deployment) => {
    const known = logs.get(deployment);
    const chain = known?.chain ?? deploymentLog(store, deployment);
    // One reader of a chain at a time.
    const turn = (known?.turn ?? Promise.resolve([])).catch(() => []).then(() => chain.refresh());
    logs.set(deployment, { chain, turn });
    return [...(await turn)];
  };
}
