const KIB = 1024;
const MIB = 1024 * KIB;

/** What a part of a step takes: as long as this many bytes of rows, once, for each table, and for each byte of the tables. */
interface Cost {
  readonly once?: number;
  readonly table?: number;
  readonly byte?: number;
}
type Costs<Part extends string> = Readonly<Record<Part, Cost>>;

/** As they were measured (`npm run bench -- database-sizes`). */
export const TAKING = {
  moment: { once: 32 * MIB, table: 36 * KIB },
  structure: { once: 32 * MIB },
  tables: { table: 90 * KIB, byte: 1 },
} satisfies Costs<string>;
export const RESTORING = {
  structure: { table: 140 * KIB },
  rows: { table: 76 * KIB, byte: 0.63 },
  indexes: { byte: 0.22 },
  keys: { table: 48 * KIB, byte: 0.06 },
  statistics: { table: 18 * KIB, byte: 0.09 },
} satisfies Costs<string>;

interface Units {
  readonly bytes?: number;
  readonly tables?: number;
}

/**
 * How far a step is, in bytes and rows of the tables. Not all that it does has bytes of its own: bytes are told by the
 * share of the whole work that is done. They end at their total, and never go back.
 */
export class Progress<Part extends string> {
  readonly #of: Required<Units>;
  readonly #costs: Costs<Part>;
  readonly #left: Map<Part, number>;
  readonly #whole: number;
  #rows = 0;

  constructor(costs: Costs<Part>, of: Required<Units>) {
    this.#costs = costs;
    this.#of = of;
    const parts = Object.keys(costs) as Part[];
    this.#left = new Map(parts.map((part) => [part, (costs[part].once ?? 0) + this.#costOf(part, of)]));
    this.#whole = this.#leftover;
  }

  get told(): { readonly bytes: number; readonly bytesTotal: number; readonly rows: number } {
    const { bytes } = this.#of;
    const left = this.#whole === 0 ? 0 : this.#leftover / this.#whole;
    return { bytes: Math.round(bytes * (1 - left)), bytesTotal: bytes, rows: this.#rows };
  }

  /** Of it, for so many bytes and tables; all that is left when neither is given. */
  done(part: Part, units?: Units): void {
    const left = this.#left.get(part)!;
    const cost = units === undefined ? left : this.#costOf(part, units);
    this.#left.set(part, Math.max(0, left - cost));
  }

  /** The same, for a share of all bytes and tables. */
  doneShare(part: Part, share: number): void {
    const { bytes, tables } = this.#of;
    this.done(part, { bytes: share * bytes, tables: share * tables });
  }

  moved(rows: number): void {
    this.#rows += rows;
  }

  #costOf(part: Part, { bytes = 0, tables = 0 }: Units): number {
    const { byte = 0, table = 0 } = this.#costs[part];
    return bytes * byte + tables * table;
  }

  get #leftover(): number {
    return [...this.#left.values()].reduce((sum, left) => sum + left, 0);
  }
}
