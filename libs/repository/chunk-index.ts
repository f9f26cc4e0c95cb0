import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { sha256Of } from './chunk.ts';
import type { RepositoryKeys } from './keys.ts';
import {
  decodeEntries,
  encodeEntries,
  openTable,
  packObject,
  readTrailer,
  TRAILER_BYTES,
  type PackEntry,
} from './pack.ts';
import { openPacked, sealPacked } from './sealed-object.ts';

export interface ChunkPlace extends PackEntry {
  readonly pack: string;
}

const PURPOSE = 'index';
const PACK_NAME_BYTES = 32;

/** Where every chunk lies. Read from index objects; what they do not cover is read from the packs' own tables. */
export class ChunkIndex {
  readonly #store: ObjectStore;
  readonly #keys: RepositoryKeys;
  readonly #places = new Map<string, ChunkPlace>();
  readonly #packs = new Set<string>();
  #loading: Promise<void> | undefined;

  constructor(store: ObjectStore, keys: RepositoryKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  async find(id: string): Promise<ChunkPlace | undefined> {
    await (this.#loading ??= this.#load());
    return this.#places.get(id);
  }

  /** Chunks of other writers are found after this. */
  async refresh(): Promise<void> {
    this.#loading = this.#load();
    await this.#loading;
  }

  add(pack: string, entries: readonly PackEntry[]): void {
    this.#packs.add(pack);
    for (const entry of entries)
      if (!this.#places.has(entry.id)) this.#places.set(entry.id, { ...entry, pack });
  }

  /** One index object for a writer's packs; immutable, named by its bytes. */
  async write(packs: ReadonlyMap<string, readonly PackEntry[]>, signal?: AbortSignal): Promise<void> {
    const parts = [...packs].flatMap(([pack, entries]) => {
      const head = Buffer.alloc(PACK_NAME_BYTES + 4);
      head.write(pack, 0, 'hex');
      head.writeUInt32BE(entries.length, PACK_NAME_BYTES);
      return [head, encodeEntries(entries)];
    });
    const sealed = sealPacked(this.#keys, PURPOSE, Buffer.concat(parts));
    const name = `index/${sha256Of(sealed).toString('hex')}`;
    await this.#store.put(name, sealed, { createOnly: true, ...(signal === undefined ? {} : { signal }) });
  }

  /** From the packs' trailers alone. A damaged pack is skipped here; whoever needs it gets CHUNK_MISSING. */
  async rebuild(): Promise<{ packs: number; chunks: number }> {
    this.#loading = Promise.resolve();
    this.#places.clear();
    this.#packs.clear();
    await this.#readUncoveredPacks();
    return { packs: this.#packs.size, chunks: this.#places.size };
  }

  async #load(): Promise<void> {
    let damaged = false;
    for await (const { name } of this.#store.list('index/')) {
      const known = decodeIndex(openQuietly(this.#keys, await this.#store.get(name)));
      damaged ||= known === undefined;
      for (const [pack, entries] of known ?? []) this.add(pack, entries);
    }
    // Also packs of a writer that died before its index: their chunks are whole, and save sending them again.
    if (damaged) await this.#readUncoveredPacks();
  }

  async #readUncoveredPacks(): Promise<void> {
    for await (const { name, bytes } of this.#store.list('packs/')) {
      const pack = name.slice(name.lastIndexOf('/') + 1);
      if (this.#packs.has(pack)) continue;
      const entries = await readPackTable(this.#store, this.#keys, pack, bytes).catch(() => undefined);
      if (entries !== undefined) this.add(pack, entries);
    }
  }
}

async function readPackTable(
  store: ObjectStore,
  keys: RepositoryKeys,
  pack: string,
  bytes: number,
): Promise<readonly PackEntry[]> {
  const trailer = await store.get(packObject(pack), {
    range: { start: Math.max(0, bytes - TRAILER_BYTES), end: bytes },
  });
  const range = readTrailer(trailer, bytes, pack);
  return openTable(keys, await store.get(packObject(pack), { range }), pack);
}

function openQuietly(keys: RepositoryKeys, sealed: Buffer): Buffer | undefined {
  try {
    return openPacked(keys, PURPOSE, sealed);
  } catch {
    return undefined;
  }
}

function decodeIndex(bytes: Buffer | undefined): ReadonlyMap<string, readonly PackEntry[]> | undefined {
  if (bytes === undefined) return undefined;
  const packs = new Map<string, readonly PackEntry[]>();
  const ENTRY = encodeEntries([{ id: '', method: 0, rawBytes: 0, offset: 0, sealedBytes: 0 }]).length;
  for (let at = 0; at < bytes.length;) {
    const pack = bytes.toString('hex', at, at + PACK_NAME_BYTES);
    const end = at + PACK_NAME_BYTES + 4 + bytes.readUInt32BE(at + PACK_NAME_BYTES) * ENTRY;
    packs.set(pack, decodeEntries(bytes.subarray(at + PACK_NAME_BYTES + 4, end)));
    at = end;
  }
  return packs;
}

export function chunkMissing(id: string): HoldfastError {
  return new HoldfastError('CHUNK_MISSING', { chunk: id.slice(0, 16) });
}
