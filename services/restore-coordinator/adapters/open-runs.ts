import type { ObjectStore } from '#libs/store/port.ts';

export interface OpenRunName {
  readonly deployment: string;
  readonly runId: string;
}

const PREFIX = 'open/';

/**
 * `open/<deployment>/<run>`: where every coordinator finds the runs that are not finished, without reading a log. The
 * lock is in the log; a name here is written after it, removed after the run was closed there, and may be written again.
 */
export async function writeOpenRun(store: ObjectStore, run: OpenRunName): Promise<void> {
  await store.put(nameOf(run), Buffer.from('{}'), { createOnly: false });
}

/** Nothing happens when it is gone. */
export async function removeOpenRun(store: ObjectStore, run: OpenRunName): Promise<void> {
  await store.delete(nameOf(run));
}

export async function listOpenRuns(store: ObjectStore, signal: AbortSignal): Promise<readonly OpenRunName[]> {
  const found: OpenRunName[] = [];
  for await (const { name } of store.list(PREFIX, { signal })) {
    const [deployment, runId] = name.slice(PREFIX.length).split('/');
    if (deployment !== undefined && runId !== undefined) found.push({ deployment, runId });
  }
  return found;
}

function nameOf({ deployment, runId }: OpenRunName): string {
  return `${PREFIX}${deployment}/${runId}`;
}
