import { createHash, type Hash } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { abortable } from './abortable.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { ChunkPlace } from './chunk-places.ts';
import { chunkPool, type HeldChunk } from './chunk-pool.ts';
import { sha256Of } from './chunk.ts';
import { chunked, GRAINS, type Cut } from './chunker.ts';
import type { CondemnedList, CondemnedLists } from './cleaning/lists.ts';
import { newestSealing, type RepositoryKeys } from './keys.ts';
import { PACK_BYTES_AIM, packObject, type PackBuilder } from './pack.ts';
import { PackUploads } from './pack-uploads.ts';
import type { ChunkWriter, StreamRef, WriteOptions, WriterTotals } from './port.ts';

interface Named {
  readonly digest: Uint8Array;
  readonly id: string;
}

/**
 * Chunks are cut on this thread, and named, packed and sealed by the chunk pool; packs leave while the next one fills.
 * Memory: one chunk a stream, the pool's rooms, one open pack, and PACKS_IN_FLIGHT_MAX; who would go beyond waits, and so
 * does its source.
 */
export class PackWriter implements ChunkWriter {
  readonly #keys: RepositoryKeys;
  readonly #gear: Uint32Array;
  readonly #index: ChunkIndex;
  readonly #store: ObjectStore;
  readonly #lists: CondemnedLists;
  readonly #uploads: PackUploads;
  readonly #cancel = new AbortController();
  /** Chunks that some stream of this writer has brought already. */
  readonly #claimed = new Set<string>();
  readonly #packBytes = new Map<string, Promise<number>>();
  readonly #reused = new Set<string>();
  #condemned: Promise<CondemnedList> | undefined;
  #learned: Promise<void> | undefined;
  #lastBrought: Promise<void> = Promise.resolve();
  #open: PackBuilder;
  #sourceBytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: {
    store: ObjectStore;
    keys: RepositoryKeys;
    gear: Uint32Array;
    index: ChunkIndex;
    lists: CondemnedLists;
  }) {
    this.#store = parts.store;
    this.#lists = parts.lists;
    this.#keys = parts.keys;
    this.#gear = parts.gear;
    this.#index = parts.index;
    this.#uploads = new PackUploads(parts.store, parts.keys, this.#cancel.signal);
    this.#open = this.#uploads.open();
  }

  async writeStream(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    { signal, onBytes, grain = 'coarse' }: WriteOptions = {},
  ): Promise<StreamRef> {
    const whole = new StreamDigest();
    const ids: string[] = [];
    const naming = new Set<Promise<void>>();
    let bytes = 0;
    try {
      for await (const chunk of chunked(abortable(source, signal), this.#gear, GRAINS[grain])) {
        this.#throwFailure();
        whole.add(chunk);
        const { length } = chunk.bytes;
        const held = await chunkPool.hold(chunk.bytes);
        const n = ids.push('') - 1;
        const named = this.#bring(held).then(({ digest, id }) => {
          ids[n] = id;
          if (n === 0) whole.ofFirst = digest;
          naming.delete(named);
        });
        // Told to whoever waits for all of them, and by the writer's failure to whoever comes before.
        named.catch(() => {});
        naming.add(named);
        bytes += length;
        this.#sourceBytes += length;
        onBytes?.(length);
      }
      await Promise.all(naming);
      return { bytes, sha256: whole.hex(), chunks: ids };
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  async keepStream(
    { bytes, chunks }: StreamRef,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<boolean> {
    for (const id of chunks) {
      signal?.throwIfAborted();
      this.#throwFailure();
      if (!this.#claimed.has(id) && !(await this.#reuse(id))) return false;
    }
    this.#sourceBytes += bytes;
    return true;
  }

  async flush({ signal }: { signal?: AbortSignal } = {}): Promise<WriterTotals> {
    const onAbort = () => {
      this.#cancel.abort(signal?.reason);
    };
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort);
    try {
      await this.#lastBrought;
      this.#throwFailure();
      if (!this.#open.isEmpty) await this.#uploads.start(this.#takeOpen());
      const packs = await this.#uploads.finish();
      const reused = [];
      for (const pack of this.#reused) reused.push({ pack, bytes: (await this.#packBytes.get(pack)) ?? 0 });
      await this.#index.write(packs, reused, this.#cancel.signal);
      return {
        packs: [...this.#reused, ...packs.keys()].toSorted(),
        sourceBytes: this.#sourceBytes,
        newBytes: this.#uploads.bytes,
      };
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Without a flush before it, ends what is under way; packs that are there already are harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel.abort(new HoldfastError('CANCELLED', { reason: 'writer was left before flush' }));
    await this.#lastBrought;
    await this.#uploads.settle();
  }

  /** Named at once, and in the pack in the order in which it came: so a reader fetches neighbours together. */
  async #bring(held: HeldChunk): Promise<Named> {
    const before = this.#lastBrought;
    const named = held.name(this.#keys);
    this.#lastBrought = this.#add(held, named, before)
      .catch((error: unknown) => void this.#fail(error))
      .finally(() => {
        held[Symbol.dispose]();
      });
    return await named;
  }

  async #add(held: HeldChunk, naming: Promise<Named>, before: Promise<void>): Promise<void> {
    const { id } = await naming;
    // Claimed at once: of two streams with the same chunk one sends it.
    const isNew = !this.#claimed.has(id);
    this.#claimed.add(id);
    const chunk =
      isNew && !(await this.#reuse(id)) ? await held.seal(newestSealing(this.#keys), id) : undefined;
    await before;
    this.#throwFailure();
    if (chunk === undefined) return;
    this.#open.add(chunk.head, chunk.sealed);
    if (this.#open.bytes >= PACK_BYTES_AIM) await this.#uploads.start(this.#takeOpen());
  }

  /** The index may name a pack that was deleted or cut short since: each is asked for once before it is relied on. */
  async #reuse(id: string): Promise<boolean> {
    for (;;) {
      const place = await this.#find(id);
      if (place === undefined) return false;
      const { pack } = place;
      const known = this.#packBytes.get(pack) ?? this.#headPack(pack);
      this.#packBytes.set(pack, known);
      if ((await known) > place.offset + place.sealedBytes) {
        this.#reused.add(pack);
        return true;
      }
      this.#index.forget(pack);
    }
  }

  /** Before anything is sent it looks once for packs of a writer that was stopped: what is whole there is not sent again. */
  async #find(id: string): Promise<ChunkPlace | undefined> {
    const isFit = await this.#isFit();
    const place = await this.#index.find(id, isFit);
    if (place !== undefined) return place;
    this.#learned ??= this.#index.learnUncovered(this.#cancel.signal);
    await this.#learned;
    return await this.#index.find(id, isFit);
  }

  /** What is condemned may be gone soon. Where that cannot be read, everything may. */
  async #isFit(): Promise<(pack: string) => boolean> {
    this.#condemned ??= this.#lists.newest(this.#cancel.signal);
    try {
      const { condemned } = await this.#condemned;
      return (pack) => !condemned.has(packObject(pack));
    } catch (thrown) {
      if (HoldfastError.from(thrown).code !== 'CLEANING_UNSAFE') throw thrown;
      return () => false;
    }
  }

  async #headPack(pack: string): Promise<number> {
    const head = await this.#store.head(packObject(pack), { signal: this.#cancel.signal });
    return head?.bytes ?? 0;
  }

  #takeOpen(): PackBuilder {
    const full = this.#open;
    this.#open = this.#uploads.open();
    return full;
  }

  /** A chunk that was claimed and lost would be missing from every later stream: the writer is done. */
  #fail(error: unknown): unknown {
    this.#failure ??= { error };
    return error;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#cancel.signal.throwIfAborted();
  }
}

/** SHA-256 of a whole stream; one of a single chunk, as most files are, has been hashed with the chunk. */
class StreamDigest {
  #hash: Hash | undefined;
  ofFirst: Uint8Array | undefined;

  add({ bytes, isLast }: Cut): void {
    if (this.#hash === undefined && isLast) return;
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes);
  }

  hex(): string {
    if (this.#hash !== undefined) return this.#hash.digest('hex');
    return Buffer.from(this.ofFirst ?? sha256Of(Buffer.alloc(0))).toString('hex');
  }
}
