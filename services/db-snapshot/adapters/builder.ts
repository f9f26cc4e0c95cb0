import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Database } from '#libs/postgres/connect.ts';
import type { Sessions } from '#libs/postgres/sessions.ts';
import type { TocEntry } from '#libs/postgres/toc.ts';
import type { StageMarks } from './stage-marks.ts';
import { Structure } from './structure.ts';

const FOREIGN_KEY_VIOLATION = '23503';
/** Kind of the marks of what is less than it was: whoever goes on must tell of it too. */
const INCOMPLETE = 'incomplete ';

interface Parts {
  readonly structure: Structure;
  readonly database: Database;
  readonly loaders: Sessions;
  readonly marks: StageMarks;
}

/** Makes what comes after rows, each entry of the structure once; `present` is what an earlier worker made. */
export class Builder {
  readonly #parts: Parts;
  readonly #built: Set<TocEntry>;

  constructor(parts: Parts, present: ReadonlySet<string>) {
    this.#parts = parts;
    const late = Object.values(parts.structure.stages).flat();
    this.#built = new Set(late.filter((entry) => Structure.isIn(present, entry)));
  }

  /** Of the table with this object id in the source, several at once, before other work of the sessions. */
  async buildIndexesOf(oid: string, onShare: (share: number) => void): Promise<void> {
    const { structure, loaders } = this.#parts;
    const indexes = this.#missing(structure.indexesOf(oid));
    await Promise.all(
      indexes.map(async (index) => {
        await loaders.use(() => this.#build([index]), { first: true });
        onShare(1 / indexes.length);
      }),
    );
  }

  /** How many indexes and foreign keys there are still to be made. */
  get left(): number {
    const { indexes, foreignKeys } = this.#parts.structure.stages;
    return this.#missing([...indexes, ...foreignKeys]).length;
  }

  /** All but event triggers. Returns what is less than it was, in the words of the archive's list. */
  async buildAll(): Promise<readonly string[]> {
    const { structure, marks } = this.#parts;
    const { indexes, foreignKeys, rest, refreshes } = structure.stages;
    await this.#build(this.#missing(indexes));
    await this.#buildKeys(this.#missing(foreignKeys));
    await this.#build(this.#missing(rest));
    await this.#refresh(this.#missing(refreshes));
    return marks.listed(INCOMPLETE);
  }

  /** As statements: they see, and might refuse, whatever comes after them. */
  async eventTriggers(): Promise<string> {
    const { structure } = this.#parts;
    return await structure.textOf(structure.stages.eventTriggers);
  }

  #missing(entries: readonly TocEntry[]): readonly TocEntry[] {
    return entries.filter((entry) => !this.#built.has(entry));
  }

  async #build(entries: readonly TocEntry[]): Promise<void> {
    await this.#parts.structure.restore(entries);
    for (const entry of entries) this.#built.add(entry);
  }

  /**
   * The rows are the source's. Where they break a key that the source calls valid (they came while its triggers were
   * off), the key is made for rows to come only.
   */
  async #buildKeys(entries: readonly TocEntry[]): Promise<void> {
    const { database, marks } = this.#parts;
    await this.#buildOr(entries, async (statements, entry) => {
      try {
        await database.run(statements);
      } catch (thrown) {
        if (HoldfastError.from(thrown).details['sqlState'] !== FOREIGN_KEY_VIOLATION) throw thrown;
        await database.run(statements.replace(/;$/, ' NOT VALID;'));
        await marks.add(database, `${INCOMPLETE}${entry.text}`);
      }
    });
  }

  /**
   * pg_restore knows no search path; a function within a view may need the one that a server has by itself. Since PostgreSQL
   * 17 none helps: nobody can fill such a view there.
   */
  async #refresh(entries: readonly TocEntry[]): Promise<void> {
    const { database, loaders, marks } = this.#parts;
    await this.#buildOr(entries, (statements, entry) =>
      loaders.use(async (session) => {
        await session.run('SET search_path = "$user", public');
        try {
          await session.run(statements.slice(statements.indexOf('REFRESH MATERIALIZED VIEW')));
        } catch (thrown) {
          if (HoldfastError.from(thrown).code !== 'DATABASE_QUERY_FAILED') throw thrown;
          if (!marks.listed(INCOMPLETE).includes(entry.text))
            await marks.add(database, `${INCOMPLETE}${entry.text}`);
        }
      }),
    );
  }

  /** Those that pg_restore could not make `mend` makes, one after the other. */
  async #buildOr(
    entries: readonly TocEntry[],
    mend: (statements: string, entry: TocEntry) => Promise<void>,
  ): Promise<void> {
    try {
      await this.#build(entries);
    } catch (thrown) {
      const { code } = HoldfastError.from(thrown);
      if (code !== 'TOOL_FAILED' && code !== 'DATABASE_QUERY_FAILED') throw thrown;
      const { structure } = this.#parts;
      const present = await structure.findPresent();
      for (const entry of entries)
        if (!Structure.isIn(present, entry)) await mend(await structure.textOf([entry]), entry);
    }
  }
}
