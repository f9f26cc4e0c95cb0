import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { NeededPlaces } from './cleaning/needed-places.ts';
import { neededChunks } from './needed-chunks.ts';
import type { Repository, Snapshot } from './port.ts';

/** The packs that cleaning would leave a snapshot's chunks in. Throws CHUNK_MISSING. */
export async function lastingPacks(
  { repository, index }: { readonly repository: Pick<Repository, 'read'>; readonly index: ChunkIndex },
  condemned: ReadonlySet<string>,
  snapshot: Pick<Snapshot, 'streams'>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const places = new NeededPlaces(index, condemned);
  for await (const ids of neededChunks(repository, snapshot, { signal }))
    for (const id of ids) await places.add(id);
  if (places.missing > 0) throw new HoldfastError('CHUNK_MISSING', { chunks: places.missing });
  return places.packs;
}
