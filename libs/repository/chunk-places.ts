import { DigestTable } from './digest-table.ts';
import { ENTRY_BYTES, type PackEntry } from './pack.ts';

export interface ChunkPlace extends PackEntry {
  readonly pack: string;
  readonly epoch: number;
}

/** Bytes as sealed. */
export interface PackUsage {
  readonly epoch: number;
  readonly bytes: number;
  readonly neededBytes: number;
}

/** Instead of an epoch, for packs without chunks here. */
export const UNREADABLE = 0;
const GONE = 0xffffffff;
/** A method and a plain length share a number: chunks are far below 16 MiB. */
const METHOD_SHIFT = 24;

/** Where chunks lie, as far as this process knows: in 52 to 60 bytes of memory a chunk. Places are numbered from 1. */
export class ChunkPlaces {
  /** By id: pack (record of the other table), offset, sealed length, method and plain length. */
  readonly #chunks = new DigestTable(4);
  /** By name: key epoch. */
  readonly #packs = new DigestTable(1);

  countChunks(): number {
    return this.#chunks.countDistinct();
  }

  /** Also of a pack that is gone, or has no table that can be read. */
  knows(pack: string): boolean {
    return this.#packs.first(Buffer.from(pack, 'hex')) !== 0;
  }

  /** The first that `isFit`. */
  find(id: string, isFit?: (pack: string) => boolean): ChunkPlace | undefined {
    for (const place of this.of(id)) {
      const { pack, epoch } = this.packAt(place);
      if (isFit?.(pack) === false) continue;
      const packed = this.#chunks.value(place, 3);
      return {
        id,
        method: packed >>> METHOD_SHIFT,
        rawBytes: packed % 2 ** METHOD_SHIFT,
        offset: this.#chunks.value(place, 1),
        sealedBytes: this.#chunks.value(place, 2),
        pack,
        epoch,
      };
    }
    return undefined;
  }

  /** In packs that are there, as far as it is known. */
  *of(id: string): Iterable<number> {
    for (let at = this.#chunks.first(Buffer.from(id, 'hex')); at !== 0; at = this.#chunks.next(at))
      if (this.#packs.value(this.#chunks.value(at, 0), 0) !== GONE) yield at;
  }

  packAt(place: number): { readonly pack: string; readonly epoch: number } {
    const pack = this.#chunks.value(place, 0);
    return { pack: this.#packs.digest(pack).toString('hex'), epoch: this.#packs.value(pack, 0) };
  }

  /** Of each pack that is known: the bytes of its chunks, and of those of them whose place is needed. */
  usage(isNeeded: (place: number) => boolean): ReadonlyMap<string, PackUsage> {
    const all = new Float64Array(this.#packs.records + 1);
    const needed = new Float64Array(this.#packs.records + 1);
    for (let place = 1; place <= this.#chunks.records; place += 1) {
      const [pack, bytes] = [this.#chunks.value(place, 0), this.#chunks.value(place, 2)];
      all[pack]! += bytes;
      if (isNeeded(place)) needed[pack]! += bytes;
    }
    const usage = new Map<string, PackUsage>();
    for (let pack = 1; pack <= this.#packs.records; pack += 1) {
      const epoch = this.#packs.value(pack, 0);
      const name = this.#packs.digest(pack).toString('hex');
      if (epoch !== GONE) usage.set(name, { epoch, bytes: all[pack]!, neededBytes: needed[pack]! });
    }
    return usage;
  }

  /** Entries as in the pack's table. A pack that is known already stays as it is. */
  add(name: Buffer, { epoch, entries }: { epoch: number; entries: Buffer }): void {
    let pack = this.#packs.first(name);
    if (pack === 0) pack = this.#packs.add(name, 0, [epoch]);
    else if (this.#packs.value(pack, 0) === UNREADABLE) this.#packs.setValue(pack, 0, epoch);
    else return;
    for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
      const packed = entries.readUInt8(at + 32) * 2 ** METHOD_SHIFT + entries.readUInt32BE(at + 33);
      const [offset, sealedBytes] = [entries.readUInt32BE(at + 37), entries.readUInt32BE(at + 41)];
      this.#chunks.add(entries, at, [pack, offset, sealedBytes, packed]);
    }
  }

  /** The name stays known, so that no index object brings it back. */
  forget(pack: string): void {
    const name = Buffer.from(pack, 'hex');
    const known = this.#packs.first(name);
    if (known === 0) this.#packs.add(name, 0, [GONE]);
    else this.#packs.setValue(known, 0, GONE);
  }
}
