import { createHash } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { free } from '#libs/kernel/free.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { ChunkPlace } from './chunk-places.ts';
import { chunkPool } from './chunk-pool.ts';
import type { RepositoryKeys } from './keys.ts';
import { packObject } from './pack.ts';
import type { StreamRef } from './port.ts';

/** Neighbours in a pack are fetched by one request up to this many bytes, sealed and plain. */
const GROUP_SEALED_BYTES_MAX = 8 * 1024 * 1024;
const GROUP_PLAIN_BYTES_MAX = 8 * 1024 * 1024;
/** Groups under way beside the one that is handed out: hides the round trip. */
const GROUPS_AHEAD = 3;

interface Parts {
  readonly store: ObjectStore;
  readonly keys: RepositoryKeys;
  readonly index: ChunkIndex;
}

/** Every chunk is authenticated before it is handed out; length and digest of the whole are compared at the end. */
export async function* readStream(
  parts: Parts,
  ref: StreamRef,
  { signal }: { signal?: AbortSignal } = {},
): AsyncIterable<Buffer> {
  const whole = createHash('sha256');
  let bytes = 0;
  for await (const plain of openedChunks(parts, ref.chunks, signal)) {
    signal?.throwIfAborted();
    whole.update(plain);
    bytes += plain.length;
    yield plain;
  }
  if (bytes !== ref.bytes || whole.digest('hex') !== ref.sha256)
    throw new HoldfastError('SNAPSHOT_DAMAGED', { reason: 'chunks do not give the stream named', bytes });
}

async function* openedChunks(
  parts: Parts,
  ids: readonly string[],
  outer: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const left = new AbortController();
  const signal = outer === undefined ? left.signal : AbortSignal.any([outer, left.signal]);
  const ahead: Promise<readonly Buffer[]>[] = [];
  try {
    for await (const group of groups(parts.index, ids)) {
      const opened = openGroup(parts, group, signal);
      // Told to whoever awaits it in its turn, or to nobody when the reader has left.
      opened.catch(() => {});
      ahead.push(opened);
      if (ahead.length > GROUPS_AHEAD) yield* await ahead.shift()!;
    }
    for (const opened of ahead) yield* await opened;
  } finally {
    left.abort();
  }
}

/** Runs of chunks that follow one another in one pack. */
async function* groups(index: ChunkIndex, ids: readonly string[]): AsyncIterable<readonly ChunkPlace[]> {
  let group: ChunkPlace[] = [];
  let sealed = 0;
  let plain = 0;
  for (const id of ids) {
    const place = await requirePlace(index, id);
    sealed += place.sealedBytes;
    plain += place.rawBytes;
    const fits = sealed <= GROUP_SEALED_BYTES_MAX && plain <= GROUP_PLAIN_BYTES_MAX;
    if (group.length > 0 && !(fits && follows(group.at(-1)!, place))) {
      yield group;
      group = [];
      sealed = place.sealedBytes;
      plain = place.rawBytes;
    }
    group.push(place);
  }
  if (group.length > 0) yield group;
}

function follows(before: ChunkPlace, place: ChunkPlace): boolean {
  return before.pack === place.pack && before.offset + before.sealedBytes === place.offset;
}

async function openGroup(
  parts: Parts,
  group: readonly ChunkPlace[],
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const first = group[0]!;
  const last = group.at(-1)!;
  const range = { start: first.offset, end: last.offset + last.sealedBytes };
  const bytes = await findBytes(parts.store, packObject(first.pack), { range, signal });
  if (bytes === undefined) return await openElsewhere(parts, group, signal);
  let unheld = group.length;
  return await Promise.all(
    group.map(async (place) => {
      const at = place.offset - range.start;
      const sealing = parts.keys.sealing(place.epoch);
      using held = await chunkPool.hold(bytes.subarray(at, at + place.sealedBytes));
      unheld -= 1;
      if (unheld === 0) free(bytes);
      const plain = sealing === undefined ? undefined : await held.open(sealing, place);
      if (plain !== undefined) return plain;
      throw new HoldfastError('PACK_DAMAGED', {
        pack: place.pack,
        reason: 'chunk does not open',
        offset: place.offset,
      });
    }),
  );
}

/** The pack is gone; its chunks may have been written again since. Each round forgets a pack, so it ends. */
async function openElsewhere(
  parts: Parts,
  group: readonly ChunkPlace[],
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const { pack } = group[0]!;
  parts.index.forget(pack);
  const plains: Buffer[] = [];
  for (const { id } of group)
    plains.push(...(await openGroup(parts, [await requirePlace(parts.index, id, pack)], signal)));
  return plains;
}

/** Throws CHUNK_MISSING. */
export async function requirePlace(index: ChunkIndex, id: string, missingPack?: string): Promise<ChunkPlace> {
  const place = await index.locate(id);
  if (place !== undefined) return place;
  const pack = missingPack === undefined ? {} : { missingPack };
  throw new HoldfastError('CHUNK_MISSING', { chunk: id.slice(0, 16), ...pack });
}
