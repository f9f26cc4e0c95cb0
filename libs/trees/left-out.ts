import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';

export type LeftOutEntry = TakeSnapshotOutcome['leftOut'][number];

/** A folder nobody may read can hold a million files: enough are named to act on, the rest is counted. */
const NAMED_MAX = 500;

export class LeftOut {
  readonly #entries: LeftOutEntry[] = [];
  #more = 0;
  #morePartial = false;

  add(what: string, reason: string, partial: boolean): void {
    if (this.#entries.length < NAMED_MAX) {
      this.#entries.push({ what, reason, partial });
      return;
    }
    this.#more += 1;
    this.#morePartial ||= partial;
  }

  list(): readonly LeftOutEntry[] {
    if (this.#more === 0) return this.#entries;
    const rest = { what: `${this.#more} more`, reason: 'not named one by one', partial: this.#morePartial };
    return [...this.#entries, rest];
  }
}
