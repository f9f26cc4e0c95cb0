import { createHash } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { abortable } from './abortable.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { chunkIdOf, sealChunk, sha256Of } from './chunk.ts';
import { chunked } from './chunker.ts';
import { newestSealing, type RepositoryKeys } from './keys.ts';
import { PACK_BYTES_AIM, PackBuilder, packObject } from './pack.ts';
import { PackUploads } from './pack-uploads.ts';
import type { ChunkWriter, StreamRef, WriterTotals } from './port.ts';
import { Slots } from './slots.ts';

/** As many as the thread pool has threads: more would only hold memory. Each is at most 4 MiB, and as much sealed. */
const CHUNKS_AT_ONCE = 4;

/**
 * Chunks are hashed and sealed on this thread and packed by zstd in the thread pool; packs leave while the next one
 * fills. Memory: one chunk a stream, CHUNKS_AT_ONCE, one open pack, and PACKS_IN_FLIGHT_MAX; who would go beyond waits,
 * and so does its source. Sealed chunks are not opened again before they leave: it would add half to the cost of a
 * backup, and verification opens what really lies in the store.
 */
export class PackWriter implements ChunkWriter {
  readonly #keys: RepositoryKeys;
  readonly #gear: Uint32Array;
  readonly #index: ChunkIndex;
  readonly #store: ObjectStore;
  readonly #uploads: PackUploads;
  readonly #slots = new Slots(CHUNKS_AT_ONCE);
  readonly #cancel = new AbortController();
  /** Chunks that some stream of this writer has brought already. */
  readonly #claimed = new Set<string>();
  readonly #packBytes = new Map<string, Promise<number>>();
  readonly #reused = new Set<string>();
  #lastSealed: Promise<void> = Promise.resolve();
  #open = new PackBuilder();
  #sourceBytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: { store: ObjectStore; keys: RepositoryKeys; gear: Uint32Array; index: ChunkIndex }) {
    this.#store = parts.store;
    this.#keys = parts.keys;
    this.#gear = parts.gear;
    this.#index = parts.index;
    this.#uploads = new PackUploads(parts.store, parts.keys, this.#cancel.signal);
  }

  async writeStream(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    { signal, onBytes }: { signal?: AbortSignal; onBytes?: (bytes: number) => void } = {},
  ): Promise<StreamRef> {
    const whole = createHash('sha256');
    const chunks: string[] = [];
    let bytes = 0;
    try {
      for await (const chunk of chunked(abortable(source, signal), this.#gear)) {
        whole.update(chunk);
        // The digest of the first chunk is that of the stream so far: small streams are hashed once.
        const digest = chunks.length === 0 ? whole.copy().digest() : sha256Of(chunk);
        const id = chunkIdOf(this.#keys, digest);
        chunks.push(id);
        bytes += chunk.length;
        this.#sourceBytes += chunk.length;
        await this.#bring(id, chunk);
        onBytes?.(chunk.length);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
    return { bytes, sha256: whole.digest('hex'), chunks };
  }

  async flush({ signal }: { signal?: AbortSignal } = {}): Promise<WriterTotals> {
    const onAbort = () => {
      this.#cancel.abort(signal?.reason);
    };
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort);
    try {
      await this.#lastSealed;
      this.#throwFailure();
      if (!this.#open.isEmpty) await this.#uploads.start(this.#takeOpen());
      const packs = await this.#uploads.finish();
      if (packs.size > 0) await this.#index.write(packs, this.#cancel.signal);
      for (const [pack, table] of packs) this.#index.add(pack, table);
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
    await this.#lastSealed;
    await this.#uploads.settle();
  }

  /** Claimed before the first await: of two streams with the same chunk one sends it. */
  async #bring(id: string, chunk: Buffer): Promise<void> {
    this.#throwFailure();
    if (this.#claimed.has(id)) return;
    this.#claimed.add(id);
    try {
      if (await this.#reuse(id)) return;
      await this.#slots.take();
    } catch (error) {
      throw this.#fail(error);
    }
    const before = this.#lastSealed;
    const sealed = this.#seal(id, chunk, before)
      .catch((error: unknown) => void this.#fail(error))
      .finally(() => {
        this.#slots.give();
      });
    this.#lastSealed = sealed;
  }

  /** The index may name a pack that was deleted or cut short since: each is asked for once before it is relied on. */
  async #reuse(id: string): Promise<boolean> {
    for (;;) {
      const place = await this.#index.find(id);
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

  async #headPack(pack: string): Promise<number> {
    const head = await this.#store.head(packObject(pack), { signal: this.#cancel.signal });
    return head?.bytes ?? 0;
  }

  /** Into the pack in the order in which they came, so that a reader fetches neighbours at once. */
  async #seal(id: string, chunk: Buffer, before: Promise<void>): Promise<void> {
    const { head, sealed } = await sealChunk(newestSealing(this.#keys), id, chunk);
    await before;
    this.#open.add(head, sealed);
    if (this.#open.bytes >= PACK_BYTES_AIM) await this.#uploads.start(this.#takeOpen());
  }

  #takeOpen(): PackBuilder {
    const full = this.#open;
    this.#open = new PackBuilder();
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
