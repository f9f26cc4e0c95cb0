import type { ChunkIndex } from '../chunk-index.ts';

/**
 * The places at which needed chunks have to stay; a bit of memory for a place. Of those in several packs it is one that is
 * not condemned, under the newest key. Where all of them are condemned it is every one: two cleanings at once must not
 * rely on two of them and delete both.
 */
export class NeededPlaces {
  readonly #index: ChunkIndex;
  readonly #condemned: ReadonlySet<string>;
  #bits = new Uint8Array(1024);
  readonly #packs = new Set<string>();
  #missing = 0;

  constructor(index: ChunkIndex, condemnedPacks: ReadonlySet<string>) {
    this.#index = index;
    this.#condemned = condemnedPacks;
  }

  /** Packs that needed chunks are read from. */
  get packs(): ReadonlySet<string> {
    return this.#packs;
  }

  /** Chunks that are nowhere: the backups that need them are harmed. */
  get missing(): number {
    return this.#missing;
  }

  has(place: number): boolean {
    return ((this.#bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }

  async add(id: string): Promise<void> {
    const places = await this.#index.placesOf(id);
    if (places.some((place) => this.has(place))) return;
    const all = places.map((place) => ({ place, ...this.#index.places.packAt(place) }));
    const lasting = all.filter(({ pack }) => !this.#condemned.has(pack));
    const kept = lasting.length === 0 ? all : lasting.toSorted(byEpochAndName).slice(0, 1);
    if (kept.length === 0) this.#missing += 1;
    for (const { place, pack } of kept) {
      this.#packs.add(pack);
      this.#set(place);
    }
  }

  #set(place: number): void {
    if (place >> 3 >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bits.length, (place >> 3) + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[place >> 3]! |= 1 << (place & 7);
  }
}

interface Packed {
  readonly pack: string;
  readonly epoch: number;
}

/** Newest key first; then by name, so that every cleaning decides alike. */
function byEpochAndName(a: Packed, b: Packed): number {
  if (a.epoch !== b.epoch) return b.epoch - a.epoch;
  return a.pack < b.pack ? -1 : 1;
}
