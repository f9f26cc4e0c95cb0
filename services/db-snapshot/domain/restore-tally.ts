/** What takes a restore its time, as it was measured (`npm run bench -- database-sizes`). */
const SHARES = { rows: 0.6, indexes: 0.25, keys: 0.06, statistics: 0.09 } as const;
type Part = keyof typeof SHARES;

/**
 * How far a restore is, in bytes and rows of the backup. Of a byte a share is told as its row is loaded, the rest as what
 * is made of it stands. Both end at their totals, and neither goes back.
 */
export class RestoreTally {
  readonly bytesTotal: number;
  readonly #left: Record<Part, number>;
  #rows = 0;

  constructor(bytesTotal: number) {
    this.bytesTotal = bytesTotal;
    this.#left = { rows: bytesTotal, indexes: bytesTotal, keys: bytesTotal, statistics: bytesTotal };
  }

  get told(): { readonly bytes: number; readonly bytesTotal: number; readonly rows: number } {
    const left = Object.entries(SHARES).reduce(
      (sum, [part, share]) => sum + share * this.#left[part as Part],
      0,
    );
    return {
      bytes: Math.max(0, Math.round(this.bytesTotal - left)),
      bytesTotal: this.bytesTotal,
      rows: this.#rows,
    };
  }

  /** `bytes`: of these; all that is left when there is no number. */
  done(part: Part, bytes = this.#left[part]): void {
    this.#left[part] -= Math.min(bytes, this.#left[part]);
  }

  loaded(rows: number): void {
    this.#rows += rows;
  }
}
