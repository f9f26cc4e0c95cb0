import { readNdjson } from './ndjson.ts';
import type { Repository, Snapshot, StreamRef } from './port.ts';

/** Streams whose records may have streams of their own, `data` or `slices` (FORMAT.md#streams). */
const LISTS: ReadonlySet<string> = new Set(['listing', 'tables']);

interface Listed {
  readonly data?: StreamRef;
  readonly slices?: readonly StreamRef[];
}

/**
 * Ids of all chunks that a snapshot needs, its streams' first. `isKnown` is asked of each list before it is read: what
 * is in it may have been told for another snapshot. Throws what reading a list throws.
 */
export async function* neededChunks(
  repository: Pick<Repository, 'read'>,
  { streams }: Pick<Snapshot, 'streams'>,
  { signal, isKnown = () => false }: { signal?: AbortSignal; isKnown?: (list: StreamRef) => boolean } = {},
): AsyncIterable<readonly string[]> {
  for (const stream of Object.values(streams)) yield stream.chunks;
  for (const [name, list] of Object.entries(streams)) {
    if (!LISTS.has(name) || isKnown(list)) continue;
    const options = signal === undefined ? {} : { signal };
    for await (const record of readNdjson<Listed>(repository.read(list, options)))
      for (const { chunks } of record.slices ?? (record.data === undefined ? [] : [record.data]))
        yield chunks;
  }
}
