import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { compareTokens, type Token } from '#libs/contracts/stage.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { isKind, listOf, parseToc, type TocEntry } from '#libs/postgres/toc.ts';
import { askTool, readTool, runTool, type ClientTools } from '#libs/postgres/tools.ts';
import type { Acting } from '../ports.ts';
import { enter, sessionName } from './own-session.ts';

/** What a key or an index is built with; several are built at once. */
const BUILD_MEMORY = '256MB';
/**
 * Each entry is a transaction, and a database may have twenty thousand tables. The last one of all is waited for, and
 * they with it; who goes on before that looks at what is there.
 */
const ASYNCHRONOUS = { synchronous_commit: 'off' };
/** From this version on pg_restore begins with a setting that older servers refuse. */
const SETS_UNKNOWN_SINCE = 17;

interface Means {
  readonly url: Secret;
  readonly tools: ClientTools;
  readonly acting: Acting;
  readonly keepsOwners: boolean;
  readonly serverMajor: number;
}

/** Each needs the ones before it. Event triggers come last: they would see, and might refuse, all the others. */
interface LateStages {
  readonly indexes: readonly TocEntry[];
  readonly foreignKeys: readonly TocEntry[];
  readonly rest: readonly TocEntry[];
  readonly refreshes: readonly TocEntry[];
  readonly eventTriggers: readonly TocEntry[];
}

interface Listed {
  readonly all: readonly TocEntry[];
  /** Dump ids. */
  readonly late: ReadonlySet<number>;
  readonly early: readonly TocEntry[] | undefined;
}

/** The archive of a snapshot's structure, in a folder of its own until disposal, and what it makes in which order. */
export class Structure implements AsyncDisposable {
  readonly tables: number;
  readonly #folder: string;
  readonly #means: Means;
  /** Those that come before the rows; undefined for all. */
  readonly #early: readonly TocEntry[] | undefined;
  /** Those that come after the rows. */
  readonly #late: readonly TocEntry[];
  readonly #indexesByTable: ReadonlyMap<string, readonly TocEntry[]>;
  #lists = 0;

  /** All of it, or what has one of these dump ids. */
  static async open(
    archive: AsyncIterable<Buffer>,
    means: Means,
    only?: ReadonlySet<number>,
  ): Promise<Structure> {
    const { tools, acting } = means;
    await removeArchives(acting.token);
    const { runId, epoch, claim } = acting.token;
    const folder = await mkdtemp(`${join(tmpdir(), folderPrefix(runId))}${epoch}.${claim}-`);
    try {
      const file = join(folder, 'archive');
      await pipeline(archive, createWriteStream(file, { mode: 0o600 }));
      const list = async (...options: string[]) =>
        parseToc(
          await askTool('pg_restore', { tools, signal: acting.signal, arguments: [...options, file] }),
        );
      const listed = await list('--list', '--verbose');
      const all = only === undefined ? listed : listed.filter(({ dumpId }) => only.has(dumpId));
      const late = new Set((await list('--list', '--section=post-data')).map(({ dumpId }) => dumpId));
      const early = only === undefined ? undefined : all.filter(({ dumpId }) => !late.has(dumpId));
      return new Structure(folder, means, { all, late, early });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(folder: string, means: Means, { all, late, early }: Listed) {
    this.#early = early;
    this.#folder = folder;
    this.#means = means;
    this.#late = all.filter(({ dumpId }) => late.has(dumpId));
    const tables = new Map(
      all.filter((entry) => isKind(entry, 'table')).map(({ dumpId, oid }) => [dumpId, oid]),
    );
    this.tables = tables.size;
    const indexes = this.#late.filter((entry) => isKind(entry, 'index') || isKind(entry, 'constraint'));
    this.#indexesByTable = Map.groupBy(
      indexes,
      ({ dependsOn }) => dependsOn.map((id) => tables.get(id)).find((oid) => oid !== undefined) ?? '',
    );
  }

  /** Everything that must be there before rows. */
  async restoreEarly(): Promise<void> {
    const some = this.#early === undefined ? [] : [`--use-list=${await this.#writeList(this.#early)}`];
    await this.#run(['--section=pre-data', ...some]);
  }

  /** Keys and indexes of a table, by its object id in the source, each on its own. */
  indexesOf(oid: string): readonly TocEntry[] {
    return this.#indexesByTable.get(oid) ?? [];
  }

  /** Everything that comes after rows. */
  get stages(): LateStages {
    const watchers = new Set(
      this.#late.filter((entry) => isKind(entry, 'eventTrigger')).map(({ dumpId }) => dumpId),
    );
    const stageOf = (entry: TocEntry): keyof LateStages => {
      if (isKind(entry, 'index') || isKind(entry, 'constraint') || isKind(entry, 'indexAttach'))
        return 'indexes';
      if (isKind(entry, 'foreignKey')) return 'foreignKeys';
      if (isKind(entry, 'refresh')) return 'refreshes';
      return [entry.dumpId, ...entry.dependsOn].some((id) => watchers.has(id)) ? 'eventTriggers' : 'rest';
    };
    const none: LateStages = { indexes: [], foreignKeys: [], rest: [], refreshes: [], eventTriggers: [] };
    return { ...none, ...Object.groupBy(this.#late, stageOf) };
  }

  async restore(entries: readonly TocEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const jobs = entries.length > 1 ? availableParallelism() : 1;
    await this.#run([`--use-list=${await this.#writeList(entries)}`], jobs);
  }

  async #writeList(entries: readonly TocEntry[]): Promise<string> {
    this.#lists += 1;
    const list = join(this.#folder, `list-${this.#lists}`);
    await writeFile(list, listOf(entries));
    return list;
  }

  /** As statements, the last of which ends it; empty for none. */
  async textOf(entries: readonly TocEntry[]): Promise<string> {
    if (entries.length === 0) return '';
    return await this.#statements([`--use-list=${await this.#writeList(entries)}`]);
  }

  /** What of it the database has already, in the archive's own words. */
  async findPresent(): Promise<ReadonlySet<string>> {
    const { url, tools, acting } = this.#means;
    const file = join(this.#folder, 'present');
    const dump = { tools, url, signal: acting.signal, arguments: ['--format=custom', '--section=post-data'] };
    await pipeline(readTool('pg_dump', dump), createWriteStream(file, { mode: 0o600 }));
    const list = await askTool('pg_restore', { tools, signal: acting.signal, arguments: ['--list', file] });
    return new Set(parseToc(list).map(nameOf));
  }

  static isIn(present: ReadonlySet<string>, entry: TocEntry): boolean {
    return present.has(nameOf(entry));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run(given: readonly string[], jobs = 1): Promise<void> {
    const { url, tools, acting, serverMajor } = this.#means;
    if (tools.major >= SETS_UNKNOWN_SINCE && serverMajor < SETS_UNKNOWN_SINCE) {
      await using session = await enter(url, acting);
      await session.run(await this.#statements(given), 'the structure, as statements of pg_restore');
      return;
    }
    // The program's session cannot ask by itself.
    await acting.requireLatest();
    await runTool('pg_restore', {
      tools,
      url,
      signal: acting.signal,
      applicationName: sessionName(acting.token),
      settings: { maintenance_work_mem: BUILD_MEMORY, ...ASYNCHRONOUS },
      arguments: ['--exit-on-error', `--jobs=${jobs}`, ...this.#wanted(given)],
    });
  }

  async #statements(given: readonly string[]): Promise<string> {
    const { tools, acting } = this.#means;
    const text = await askTool('pg_restore', {
      tools,
      signal: acting.signal,
      arguments: ['--file=-', ...this.#wanted(given)],
    });
    // Lines for psql only, comments behind the last statement, and what an older server does not know.
    const lines = text
      .replace(/^\\restrict .*$/m, '')
      .replace(/^SET transaction_timeout = 0;$/m, '')
      .split('\n');
    while (/^(--( PostgreSQL database dump complete)?|\\unrestrict .*|)$/.test(lines.at(-1) ?? ';'))
      lines.pop();
    return lines.join('\n');
  }

  #wanted(given: readonly string[]): readonly string[] {
    const owners = this.#means.keepsOwners ? [] : ['--no-owner'];
    return ['--no-tablespaces', ...owners, ...given, join(this.#folder, 'archive')];
  }
}

/** What earlier workers of the run left on this machine when they were killed: their sessions are ended. */
export async function removeArchives(token: Token): Promise<void> {
  const prefix = folderPrefix(token.runId);
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const [epoch = 0, claim = 0] = name.slice(prefix.length).split(/[.-]/).map(Number);
    if (compareTokens({ epoch, claim }, token) < 0)
      await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function folderPrefix(runId: string): string {
  return `holdfast-structure-${runId.slice(0, 8)}-`;
}

/** Without the owner, who is another one where owners cannot be given. */
function nameOf({ text }: TocEntry): string {
  return text.slice(0, text.lastIndexOf(' '));
}
