import { createHash } from 'node:crypto';
import type { ObjectStore } from '#libs/store/port.ts';

/** One entry of a log or a journal, as it lies in the store: read without the product's own reader. */
export interface Entry {
  readonly n: number;
  readonly at: string;
  readonly previous: string;
  readonly event: {
    readonly kind: string;
    readonly runId?: string;
    readonly step?: string;
    readonly attempt?: number;
    readonly epoch?: number;
    readonly by?: string;
    readonly key?: string;
  };
}

/** Throws where the chain does not continue. */
export async function readChain(store: ObjectStore, prefix: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let previous = '';
  for await (const { name } of store.list(prefix)) {
    if (!/^\d+\.json$/.test(name.slice(prefix.length))) continue;
    const bytes = await store.get(name);
    const entry = JSON.parse(bytes.toString('utf8')) as Entry;
    if (entry.n !== entries.length || entry.previous !== previous)
      throw new Error(`${name} breaks the chain`);
    entries.push(entry);
    previous = createHash('sha256').update(bytes).digest('hex');
  }
  return entries;
}

export const logPrefix = (deployment: string) => `deployments/${deployment}/log/`;
export const journalPrefix = (runId: string) => `runs/${runId}/`;

/** What is there twice although it happens once: openings, commits and ends in the log, attempts of steps in the journal. */
export function doubled(log: readonly Entry[], journal: readonly Entry[]): readonly string[] {
  const once = [
    ...log
      .filter(({ event }) => event.kind !== 'taken-over')
      .map(({ event }) => `log ${event.kind} ${event.runId ?? event.key ?? ''}`),
    ...journal
      .filter(({ event }) => event.kind !== 'owned')
      .map(({ event: { kind, step = '', attempt = '' } }) => `journal ${kind} ${step} ${attempt}`),
  ];
  const groups = Object.groupBy(once, (name) => name);
  return Object.keys(groups).filter((name) => groups[name]!.length > 1);
}
