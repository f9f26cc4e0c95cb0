import pLimit from 'p-limit';
import { findBytes, putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { RepositoryKeys } from './keys.ts';
import { sha256Of } from './chunk.ts';
import { decodeIndex, encodeIndex } from './index-object.ts';
import type { PackEntry, PackTable } from './pack.ts';
import { findPackTable } from './pack-table.ts';

export interface ChunkPlace extends PackEntry {
  readonly pack: string;
  readonly epoch: number;
}

/** Small objects: the round trip is the cost, not the bytes. */
const READS_AT_ONCE = 8;

/**
 * Where every chunk lies. Read from index objects; what they do not cover is read from the packs' own tables when an
 * index object is damaged or a chunk is not found otherwise: an index saves time and is never needed.
 */
export class ChunkIndex {
  readonly #store: ObjectStore;
  readonly #keys: RepositoryKeys;
  readonly #places = new Map<string, ChunkPlace>();
  /** Further places of a chunk that lies in several packs. */
  readonly #spares = new Map<string, ChunkPlace[]>();
  readonly #packs = new Map<string, readonly ChunkPlace[]>();
  /** Index objects and packs that were read, whole or not: they never change. */
  readonly #seen = new Set<string>();
  #loading: Promise<void> | undefined;

  constructor(store: ObjectStore, keys: RepositoryKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  /** What the indexes say; enough for a writer, who otherwise sends the chunk again. */
  async find(id: string): Promise<ChunkPlace | undefined> {
    await (this.#loading ?? this.#load());
    return this.#places.get(id);
  }

  /** Looks everywhere: new index objects of other writers, then the tables of packs that no index covers. */
  async locate(id: string): Promise<ChunkPlace | undefined> {
    const known = await this.find(id);
    if (known !== undefined) return known;
    await this.#load();
    if (!this.#places.has(id)) await this.#readUncoveredPacks();
    return this.#places.get(id);
  }

  add(pack: string, { epoch, entries }: PackTable): void {
    if (this.#packs.has(pack)) return;
    const places = entries.map((entry) => ({ ...entry, pack, epoch }));
    this.#packs.set(pack, places);
    for (const place of places) {
      if (!this.#places.has(place.id)) this.#places.set(place.id, place);
      else this.#spares.set(place.id, [...(this.#spares.get(place.id) ?? []), place]);
    }
  }

  /** The pack is not in the store: its chunks count as unknown, or as lying in another pack. */
  forget(pack: string): void {
    for (const place of this.#packs.get(pack) ?? []) {
      const spares = (this.#spares.get(place.id) ?? []).filter((spare) => spare.pack !== pack);
      if (this.#places.get(place.id)?.pack === pack) {
        const next = spares.shift();
        if (next === undefined) this.#places.delete(place.id);
        else this.#places.set(place.id, next);
      }
      if (spares.length === 0) this.#spares.delete(place.id);
      else this.#spares.set(place.id, spares);
    }
    // The name stays known, so that no index object brings it back.
    this.#packs.set(pack, []);
  }

  /** One index object for a writer's packs; immutable, named by its bytes. */
  async write(packs: ReadonlyMap<string, PackTable>, signal: AbortSignal): Promise<void> {
    const sealed = encodeIndex(this.#keys, packs);
    await putFirst(this.#store, `index/${sha256Of(sealed).toString('hex')}`, sealed, signal);
  }

  /** From the packs' tables alone. A damaged pack is skipped; whoever needs it gets CHUNK_MISSING. */
  async rebuild(signal?: AbortSignal): Promise<{ packs: number; chunks: number }> {
    this.#loading = Promise.resolve();
    for (const known of [this.#places, this.#spares, this.#packs, this.#seen]) known.clear();
    await this.#readUncoveredPacks(signal);
    return { packs: this.#packs.size, chunks: this.#places.size };
  }

  async #load(): Promise<void> {
    this.#loading = this.#readIndexes();
    try {
      await this.#loading;
    } catch (error) {
      // Not kept: the next who asks tries again.
      this.#loading = undefined;
      throw error;
    }
  }

  async #readIndexes(): Promise<void> {
    let isDamaged = false;
    await this.#forEachNew('index/', undefined, async (name) => {
      const sealed = await findBytes(this.#store, name);
      if (sealed === undefined) return;
      const packs = decodeIndex(this.#keys, sealed);
      isDamaged ||= packs === undefined;
      for (const [pack, table] of packs ?? []) this.add(pack, table);
    });
    if (isDamaged) await this.#readUncoveredPacks();
  }

  /** Also packs of a writer that died before its index: their chunks are whole, and save sending them again. */
  async #readUncoveredPacks(signal?: AbortSignal): Promise<void> {
    await this.#forEachNew('packs/', signal, async (name, bytes) => {
      const pack = name.slice(name.lastIndexOf('/') + 1);
      if (this.#packs.has(pack)) return;
      const table = await findPackTable(this.#store, this.#keys, { pack, bytes });
      if (table !== undefined) this.add(pack, table);
    });
  }

  async #forEachNew(
    prefix: string,
    signal: AbortSignal | undefined,
    act: (name: string, bytes: number) => Promise<void>,
  ): Promise<void> {
    const names: { name: string; bytes: number }[] = [];
    for await (const object of this.#store.list(prefix)) if (!this.#seen.has(object.name)) names.push(object);
    await pLimit(READS_AT_ONCE).map(names, async ({ name, bytes }) => {
      signal?.throwIfAborted();
      await act(name, bytes);
      this.#seen.add(name);
    });
  }
}
