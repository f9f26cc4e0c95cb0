import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { unwrapRings } from './key-slots.ts';
import { deriveKeys, type KeyRing, type RepositoryKeys } from './keys.ts';
import type { NumberedLists } from './numbered-lists.ts';
import { recipientLists, ringDigest, type Recipients } from './recipients.ts';

export interface FoundRing {
  readonly keys: RepositoryKeys;
  readonly ring: KeyRing;
  /** What it wrote would be open to recipients that were removed since, or nobody would have its key. */
  readonly readOnly: HoldfastError | undefined;
}

/** Which ring counts, of those an identity opens; it may be another one later. */
export class RingOfStore {
  readonly #store: ObjectStore;
  readonly #identity: Secret;
  readonly #verifying: string;
  readonly #lists: NumberedLists<Recipients>;
  /** Number of the list that was read last. */
  #n = 0;

  constructor(parts: { store: ObjectStore; identity: Secret; verifying: string }) {
    this.#store = parts.store;
    this.#identity = parts.identity;
    this.#verifying = parts.verifying;
    this.#lists = recipientLists(parts.store, parts.verifying);
  }

  /** Throws KEY_WRONG, REPOSITORY_FOREIGN. */
  async require(): Promise<FoundRing> {
    const { rings, newestEpoch } = await unwrapRings(this.#store, this.#identity);
    if (rings.length === 0) throw new HoldfastError('KEY_WRONG', { store: this.#store.name });
    const own = rings
      .map(({ ring }) => ({ ring, keys: deriveKeys(ring) }))
      .filter(({ keys }) => keys.verifying === this.#verifying);
    const [longest] = own;
    if (longest === undefined) throw new HoldfastError('REPOSITORY_FOREIGN', { store: this.#store.name });
    const { n, list, damage } = await this.#newest();
    this.#n = n;
    if (damage !== undefined) return { ...longest, readOnly: damage };
    // Nobody was added or removed yet: the slots tell.
    if (list === undefined)
      return { ...longest, readOnly: longest.keys.epoch >= newestEpoch ? undefined : lacking(newestEpoch) };
    const counting = own.find(({ ring }) => ringDigest(ring) === list.ring);
    if (counting !== undefined) return { ...counting, readOnly: undefined };
    // A longer one was never begun.
    const older = own.find(({ keys }) => keys.epoch <= list.epoch) ?? longest;
    return { ...older, readOnly: lacking(list.epoch) };
  }

  /** Undefined while nothing has changed; without keys when none opens any more. */
  async findNewer(): Promise<(Pick<FoundRing, 'readOnly'> & Partial<FoundRing>) | undefined> {
    const { n, list } = await this.#newest();
    if (n === this.#n) return undefined;
    try {
      return await this.require();
    } catch (thrown) {
      if (HoldfastError.from(thrown).code !== 'KEY_WRONG') throw thrown;
      this.#n = n;
      return { readOnly: lacking(list?.epoch ?? 0) };
    }
  }

  async #newest(): Promise<{ n: number; list?: Recipients | undefined; damage?: HoldfastError }> {
    try {
      return await this.#lists.newest();
    } catch (thrown) {
      const damage = HoldfastError.from(thrown);
      if (damage.code !== 'REPOSITORY_READ_ONLY') throw damage;
      return { n: -1, damage };
    }
  }
}

function lacking(epoch: number): HoldfastError {
  return new HoldfastError('REPOSITORY_READ_ONLY', {
    object: 'keys/',
    reason: `no slot of key epoch ${epoch} opens`,
  });
}
