import pLimit from 'p-limit';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes, putFirst, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { RepositoryKeys } from './keys.ts';
import { ChunkPlaces, UNREADABLE, type ChunkPlace } from './chunk-places.ts';
import { mergeSegments, rewriteWithout, type Listed } from './index-merge.ts';
import { INDEX_PREFIX, openSegment, packSection, sealSegments } from './index-object.ts';
import { decodeEntries, encodeEntries, type PackTable } from './pack.ts';
import { findPackTable } from './pack-table.ts';

export interface ListedPack {
  readonly pack: string;
  readonly bytes: number;
}

/** Ends of packs are small: the round trip is the cost, not the bytes. */
const PACKS_AT_ONCE = 8;
const PACKS_LISTED_AHEAD = 512;
/** Of up to 32 MiB each: one is opened while the other one comes. */
const SEGMENTS_AT_ONCE = 2;
/** Then the listing is a stale one. */
const LOOKS_MAX = 3;

const NO_TABLE = { epoch: UNREADABLE, entries: Buffer.alloc(0) };
const PACK_PATTERN = /\/([0-9a-f]{64})$/;

/**
 * Where every chunk lies. Read from index objects; what they do not cover is read from the packs' own tables when an index
 * object is damaged or a chunk is not found otherwise: an index saves time and is never needed.
 */
export class ChunkIndex {
  readonly #store: ObjectStore;
  readonly #keys: RepositoryKeys;
  #places = new ChunkPlaces();
  /** Index objects that were read, whole or not: they never change. */
  readonly #seen = new Set<string>();
  /** Index objects that another one holds. */
  readonly #replaced = new Set<string>();
  /** Packs that are known by their own tables only. */
  readonly #uncovered = new Set<string>();
  #loading: Promise<void> | undefined;

  constructor(store: ObjectStore, keys: RepositoryKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  /** What the indexes say. Packs may be found unfit. */
  async find(id: string, isFit?: (pack: string) => boolean): Promise<ChunkPlace | undefined> {
    await (this.#loading ?? this.#load());
    return this.#places.find(id, isFit);
  }

  /** Knows then what packs hold that no index object tells of: those of writers that were stopped, say. */
  async learnUncovered(signal: AbortSignal): Promise<void> {
    await (this.#loading ?? this.#load());
    await this.#readUncoveredPacks(signal);
  }

  /** Looks everywhere: new index objects of other writers, then the tables of packs that no index covers. */
  async locate(id: string): Promise<ChunkPlace | undefined> {
    const known = await this.find(id);
    if (known !== undefined) return known;
    await this.#load();
    const found = this.#places.find(id);
    if (found !== undefined) return found;
    await this.#readUncoveredPacks();
    return this.#places.find(id);
  }

  /** What this process knows by now. */
  get places(): ChunkPlaces {
    return this.#places;
  }

  /** Every place of a chunk, by number, after the same search. */
  async placesOf(id: string): Promise<readonly number[]> {
    if ((await this.locate(id)) === undefined) return [];
    return [...this.#places.of(id)];
  }

  add(pack: string, { epoch, entries }: PackTable): void {
    this.#places.add(Buffer.from(pack, 'hex'), { epoch, entries: encodeEntries(entries) });
  }

  /** The pack is not in the store: its chunks count as unknown, or as lying in another pack. */
  forget(pack: string): void {
    this.#places.forget(pack);
  }

  /**
   * Index objects for a writer's packs, and for those it reused that none tells of yet; immutable, named by their bytes.
   * Small ones that became many are merged.
   */
  async write(
    packs: ReadonlyMap<string, PackTable>,
    reused: Iterable<ListedPack>,
    signal: AbortSignal,
  ): Promise<void> {
    const sections = [...packs].map(([pack, table]) => packSection(pack, table));
    const uncovered = [...reused].filter(({ pack }) => this.#uncovered.has(pack));
    for (const each of uncovered) {
      const table = await findPackTable(this.#store, this.#keys, each);
      if (table !== undefined)
        sections.push(packSection(each.pack, { ...table, entries: decodeEntries(table.entries) }));
    }
    if (sections.length === 0) return;
    for (const { name, bytes } of sealSegments(this.#keys, sections)) {
      await putFirst(this.#store, name, bytes, signal);
      this.#seen.add(name);
    }
    for (const [pack, table] of packs) this.add(pack, table);
    for (const { pack } of uncovered) this.#uncovered.delete(pack);
    try {
      await this.merge(signal);
    } catch (error) {
      signal.throwIfAborted();
      // The packs are in an index; whoever writes next merges.
      if (HoldfastError.from(error).entry.retry === 'bug') throw error;
    }
  }

  /** FORMAT.md#index. May run beside itself, writers and readers, and end anywhere. */
  async merge(signal: AbortSignal): Promise<void> {
    const listed = await this.#readSegments();
    await mergeSegments(this.#parts, { listed, replaced: this.#replaced }, signal);
  }

  /** Knows these packs then: those that no index object tells of by their own tables. */
  async cover(packs: Iterable<ListedPack>, signal: AbortSignal): Promise<void> {
    const unknown = [...packs].filter(({ pack }) => !this.#places.knows(pack));
    await this.#readTables(unknown, signal);
  }

  /** The packs were deleted: index objects that name them are written again without them. */
  async drop(packs: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const listed = await this.#readSegments();
    await rewriteWithout(this.#parts, { listed, packs }, signal);
    for (const pack of packs) this.forget(pack);
  }

  /** From the packs' tables alone. A damaged pack is skipped; whoever needs it gets CHUNK_MISSING. */
  async rebuild(signal?: AbortSignal): Promise<{ packs: number; chunks: number }> {
    this.#loading = Promise.resolve();
    this.#places = new ChunkPlaces();
    this.#seen.clear();
    this.#replaced.clear();
    const packs = await this.#readUncoveredPacks(signal);
    return { packs, chunks: this.#places.countChunks() };
  }

  get #parts() {
    return { store: this.#store, keys: this.#keys };
  }

  async #load(): Promise<void> {
    this.#loading = this.#readSegments().then(() => {});
    try {
      await this.#loading;
    } catch (error) {
      // Not kept: the next who asks tries again.
      this.#loading = undefined;
      throw error;
    }
  }

  /** A segment that is gone since the listing was merged into a newer one: then it looks again. Returns the listing. */
  async #readSegments(): Promise<readonly Listed[]> {
    let isDamaged = false;
    for (let looks = 1; ; looks += 1) {
      const listed: Listed[] = await Array.fromAsync(this.#store.list(INDEX_PREFIX));
      // The largest first: they tell of the small ones that they hold.
      const unseen = listed.filter(({ name }) => !this.#seen.has(name)).toSorted((a, b) => b.bytes - a.bytes);
      const found = await pLimit(SEGMENTS_AT_ONCE).map(unseen, ({ name }) => this.#readSegment(name));
      isDamaged ||= found.includes('damaged');
      const isGone = found.includes('gone');
      if (isGone && looks < LOOKS_MAX) continue;
      if (isDamaged || isGone) await this.#readUncoveredPacks();
      return listed;
    }
  }

  async #readSegment(name: string): Promise<'read' | 'gone' | 'damaged'> {
    if (this.#replaced.has(name)) return 'read';
    const sealed = await findBytes(this.#store, name);
    if (sealed === undefined) return 'gone';
    const segment = openSegment(this.#keys, name, sealed);
    for (const { name: pack, ...table } of segment?.packs ?? []) this.#places.add(pack, table);
    for (const replaced of segment?.replaces ?? []) this.#replaced.add(replaced);
    this.#seen.add(name);
    return segment === undefined ? 'damaged' : 'read';
  }

  /**
   * Also packs of a writer that died before its index: their chunks are whole, and save sending them again. Returns how
   * many were read.
   */
  async #readUncoveredPacks(signal?: AbortSignal): Promise<number> {
    let read = 0;
    let ahead: ListedPack[] = [];
    for await (const { name, bytes } of this.#store.list('packs/', signalOption(signal))) {
      const pack = PACK_PATTERN.exec(name)?.[1];
      if (pack === undefined || this.#places.knows(pack)) continue;
      ahead.push({ pack, bytes });
      if (ahead.length < PACKS_LISTED_AHEAD) continue;
      read += await this.#readTables(ahead, signal);
      ahead = [];
    }
    return read + (await this.#readTables(ahead, signal));
  }

  async #readTables(packs: readonly ListedPack[], signal: AbortSignal | undefined): Promise<number> {
    let read = 0;
    await pLimit(PACKS_AT_ONCE).map(packs, async ({ pack, bytes }) => {
      signal?.throwIfAborted();
      const table = await findPackTable(this.#store, this.#keys, { pack, bytes });
      this.#places.add(Buffer.from(pack, 'hex'), table ?? NO_TABLE);
      if (table === undefined) return;
      this.#uncovered.add(pack);
      read += 1;
    });
    return read;
  }
}
