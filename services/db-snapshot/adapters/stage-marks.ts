import type { Json } from '#libs/kernel/json.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';

/** A schema of the restored database, until all is there: it goes with the transaction that makes event triggers, which might refuse that. */
const SCHEMA = 'holdfast_stage';
const TABLE = `${quoteName(SCHEMA)}.done`;

/** Of the transaction that also says that all is there. */
export const DROP_MARKS = `DROP SCHEMA ${quoteName(SCHEMA)} CASCADE`;

/**
 * What a restore has done in its database. A mark is made in the transaction of what it stands for, so a later worker
 * finds both or neither, and goes on from there.
 */
export class StageMarks {
  readonly #done: Map<string, Json>;

  private constructor(done: Map<string, Json>) {
    this.#done = done;
  }

  /** As they are, or from now on. */
  static async open(database: Database): Promise<StageMarks> {
    return (await StageMarks.find(database)) ?? (await StageMarks.begin(database));
  }

  static none(): StageMarks {
    return new StageMarks(new Map());
  }

  /** Undefined where nobody began, or all was done. */
  static async find(database: Database): Promise<StageMarks | undefined> {
    const [found] = await database.query<{ there: boolean }>(
      'SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS there',
      [SCHEMA],
    );
    if (found?.there !== true) return undefined;
    const marks = await database.query<{ part: string; told: Json }>(`SELECT part, told FROM ${TABLE}`);
    return new StageMarks(new Map(marks.map(({ part, told }) => [part, told])));
  }

  private static async begin(database: Database): Promise<StageMarks> {
    await database.run(
      `BEGIN; CREATE SCHEMA ${quoteName(SCHEMA)}; CREATE TABLE ${TABLE} (part text PRIMARY KEY, told jsonb); COMMIT`,
    );
    return StageMarks.none();
  }

  has(part: string): boolean {
    return this.#done.has(part);
  }

  /** What was told with the mark; undefined where there is none. */
  told(part: string): Json | undefined {
    return this.#done.get(part);
  }

  /** What follows `kind` in the marks that begin so. */
  listed(kind: string): readonly string[] {
    return [...this.#done.keys()]
      .filter((part) => part.startsWith(kind))
      .map((part) => part.slice(kind.length));
  }

  /** In the caller's transaction, if there is one. */
  async add(database: Database, part: string, told: Json = null): Promise<void> {
    await database.query(`INSERT INTO ${TABLE} VALUES ($1, $2::jsonb)`, [part, JSON.stringify(told)]);
    this.#done.set(part, told);
  }
}
