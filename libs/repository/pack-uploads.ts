import { putFirst } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { sha256Of } from './chunk.ts';
import type { RepositoryKeys } from './keys.ts';
import { PACK_BYTES_AIM, PackBuilder, packObject, type PackTable } from './pack.ts';
import { Slots } from '#libs/kernel/slots.ts';

/** Times 16 MiB is what waits for the network: enough to fill it, little beside the rest of the process. */
export const PACKS_IN_FLIGHT_MAX = 3;

/** Packs on their way to the store. The first failure is told at the next `start` or at `finish`. */
export class PackUploads {
  readonly #store: ObjectStore;
  readonly #keys: RepositoryKeys;
  readonly #signal: AbortSignal;
  readonly #slots = new Slots(PACKS_IN_FLIGHT_MAX);
  readonly #underWay = new Set<Promise<void>>();
  readonly #durable = new Map<string, PackTable>();
  /** Rooms of packs that are stored: a new one for each would be garbage as fast as it is read. */
  readonly #spare: Buffer[] = [];
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(store: ObjectStore, keys: RepositoryKeys, signal: AbortSignal) {
    this.#store = store;
    this.#keys = keys;
    this.#signal = signal;
  }

  get bytes(): number {
    return this.#bytes;
  }

  open(): PackBuilder {
    return new PackBuilder(this.#spare.pop());
  }

  /** Returns when the upload has a place, not when it is done. */
  async start(pack: PackBuilder): Promise<void> {
    await this.#slots.take();
    const upload = this.#upload(pack)
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .finally(() => {
        this.#underWay.delete(upload);
        this.#slots.give();
      });
    this.#underWay.add(upload);
    this.#throwFailure();
  }

  /** Every pack is durable when it returns. */
  async finish(): Promise<ReadonlyMap<string, PackTable>> {
    await this.settle();
    this.#throwFailure();
    return this.#durable;
  }

  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #upload(pack: PackBuilder): Promise<void> {
    this.#signal.throwIfAborted();
    const { bytes, room, table } = pack.close(this.#keys);
    const name = sha256Of(bytes).toString('hex');
    await putFirst(this.#store, packObject(name), bytes, this.#signal);
    this.#durable.set(name, table);
    this.#bytes += bytes.length;
    if (room.length > PACK_BYTES_AIM) this.#spare.push(room);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
