import { HoldfastError } from '#libs/kernel/errors.ts';
import { Slots } from '#libs/kernel/slots.ts';
import type { Database } from './connect.ts';

/** Sessions that are alike: whoever has work gets the next that is free. */
export class Sessions implements AsyncDisposable {
  readonly #free: Database[];
  readonly #all: readonly Database[];
  readonly #slots: Slots;
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  /**
   * As many of `count` as can be had: a server, a database or a role may allow fewer. Throws the first failure where
   * there is none.
   */
  static async open(count: number, connect: () => Promise<Database>): Promise<Sessions> {
    const tried = await Promise.allSettled(Array.from({ length: count }, connect));
    const opened = tried.filter((each) => each.status === 'fulfilled').map(({ value }) => value);
    const failed = tried.find((each) => each.status === 'rejected');
    if (opened.length === 0) throw failed?.reason;
    return new Sessions(opened);
  }

  private constructor(all: readonly Database[]) {
    this.#all = all;
    this.#free = [...all];
    this.#slots = new Slots(all.length);
  }

  /** `first`: before others who wait. */
  async use<T>(
    work: (database: Database) => Promise<T>,
    turn: { readonly first?: boolean } = {},
  ): Promise<T> {
    await this.#slots.take(turn);
    const database = this.#free.pop()!;
    const working = this.#begin(work, database);
    this.#underWay.add(working);
    try {
      return await working;
    } finally {
      this.#underWay.delete(working);
      this.#free.push(database);
      this.#slots.give();
    }
  }

  async #begin<T>(work: (database: Database) => Promise<T>, database: Database): Promise<T> {
    if (this.#isClosed) throw new HoldfastError('CANCELLED', { reason: 'the sessions were closed' });
    return await work(database);
  }

  /** Ends what is under way, and returns when it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#all.map((database) => database[Symbol.asyncDispose]()));
    await Promise.allSettled(this.#underWay);
  }
}
