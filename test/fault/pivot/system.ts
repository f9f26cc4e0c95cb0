import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** What a small EDMS is made of, and how it was: `taken` lies in the backup, `later` is what a restore meets. */
export type Side = 'taken' | 'later';
export const PARTS = ['environment', 'certificates', 'storage', 'database'] as const;
type Part = (typeof PARTS)[number];
/** `mixed` is neither; a database is `closed` when the address of the env file cannot be worked with. */
export type Seen = Readonly<Record<Part, Side | 'mixed' | 'closed'>>;

export interface SystemOptions {
  readonly folder: string;
  readonly tag: string;
  /** Superuser's address of the database `postgres`. */
  readonly server: string;
  readonly pgBin: string;
  /** Its role may create no database and owns two; else it creates them. */
  readonly paired: boolean;
  /** Rows and files more of the taken side, so that steps last: without it they are done at once. */
  readonly bulk?: { readonly rows: number; readonly files: number; readonly fileBytes: number };
}

/** Judged by content alone, and with psql: nothing of Holdfast is asked. */
export class SmallSystem {
  readonly app: string;
  readonly database: string;
  readonly #options: SystemOptions;
  readonly #known = new Map<string, Side>();

  constructor(options: SystemOptions) {
    this.#options = options;
    this.app = join(options.folder, 'app');
    this.database = `edms_${options.tag}`;
  }

  get envFile(): string {
    return join(this.app, '.env');
  }

  get spare(): string {
    return `${this.database}_b`;
  }

  /** As its own role, whose name is the database's. */
  get url(): string {
    const url = new URL(addressOf(this.#options.server, this.database));
    [url.username, url.password] = [this.database, 'app'];
    return url.href;
  }

  /** Makes one side live, whatever is there, and learns how it looks. */
  async become(side: Side): Promise<void> {
    await rm(this.app, { recursive: true, force: true });
    await this.destroyDatabases();
    for (const folder of ['storage/sub', 'certificates'])
      await mkdir(join(this.app, folder), { recursive: true });
    for (const name of ['a', 'b', `only-${side}`, 'sub/c'])
      await writeFile(join(this.app, 'storage', name), `${side} ${name}`);
    for (const name of ['server.pem', `${side}.pem`])
      await writeFile(join(this.app, 'certificates', name), `${side} ${name}`, { mode: 0o600 });
    const mode = side === 'taken' ? 0o640 : 0o600;
    await writeFile(this.envFile, `# ${side}\nDATABASE_URL=${this.url}\n`, { mode });
    await this.#createDatabases();
    const { bulk } = this.#options;
    const rows = side === 'taken' ? (bulk?.rows ?? 40) : 30;
    await this.#run(
      this.url,
      `CREATE TABLE documents (id serial PRIMARY KEY, body text NOT NULL);
       INSERT INTO documents (body) SELECT '${side} ' || n || md5(n::text) FROM generate_series(1, ${rows}) n;
       CREATE INDEX ON documents (body);
       -- Else a server that was killed comes back with numbers skipped.
       SELECT setval('documents_id_seq', ${rows})`,
    );
    if (bulk !== undefined && side === 'taken') await this.#writeBulk(bulk);
    for (const [part, digest] of Object.entries(await this.#digests()))
      this.#known.set(`${part} ${digest}`, side);
  }

  async #writeBulk({ files, fileBytes }: NonNullable<SystemOptions['bulk']>): Promise<void> {
    // Beside each other: a switch moves each of them.
    for (let at = 0; at < files; at += 1)
      await writeFile(join(this.app, 'storage', `bulk-${at}`), randomBytes(fileBytes));
  }

  async look(): Promise<Seen> {
    const entries = Object.entries(await this.#digests()).map(([part, digest]) => [
      part,
      digest === 'closed' ? digest : (this.#known.get(`${part} ${digest}`) ?? 'mixed'),
    ]);
    return Object.fromEntries(entries) as Seen;
  }

  async #createDatabases(): Promise<void> {
    const { server, paired } = this.#options;
    const may = paired ? 'NOCREATEDB' : 'CREATEDB';
    await this.#run(server, `CREATE ROLE ${this.database} LOGIN PASSWORD 'app' ${may}`);
    for (const name of paired ? [this.database, this.spare] : [this.database])
      await this.#run(server, `CREATE DATABASE ${name} TEMPLATE template0 OWNER ${this.database}`);
  }

  /** Its own, and whatever was made beside it. */
  async databases(): Promise<readonly string[]> {
    const names = await this.#run(
      this.#options.server,
      `SELECT datname FROM pg_database WHERE datname LIKE '%${this.#options.tag}%'`,
    );
    return names.split('\n').filter((each) => each !== '');
  }

  async destroyDatabases(): Promise<void> {
    for (const name of await this.databases())
      await this.#run(this.#options.server, `DROP DATABASE "${name}" WITH (FORCE)`);
    await this.#run(this.#options.server, `DROP ROLE IF EXISTS ${this.database}`);
  }

  async #digests(): Promise<Record<Part, string>> {
    return {
      environment: await digestOf(this.envFile, (text) => text.replace(this.spare, this.database)),
      certificates: await digestOf(join(this.app, 'certificates')),
      storage: await digestOf(join(this.app, 'storage')),
      database: await this.#rows(),
    };
  }

  /** As the application would: by the address of its env file. */
  async #rows(): Promise<string> {
    const text = await readFile(this.envFile, 'utf8').catch(() => '');
    const address = /^DATABASE_URL=(.*)$/m.exec(text)?.[1];
    if (address === undefined) return 'closed';
    const question = `SELECT md5(string_agg(d::text, ',' ORDER BY id)) || nextval FROM documents d,
      (SELECT last_value AS nextval FROM documents_id_seq) s GROUP BY nextval`;
    return await this.#run(address, question).catch(() => 'closed');
  }

  async #run(address: string, statements: string): Promise<string> {
    const psql = join(this.#options.pgBin, 'psql');
    const { stdout } = await execa(psql, ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-d', address, '-c', statements]);
    return stdout;
  }
}

export function addressOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

/** Names, modes and bytes of everything below but Holdfast's own folder. */
async function digestOf(path: string, plain = (text: string) => text): Promise<string> {
  const hash = createHash('sha256');
  const visit = async (at: string, name: string): Promise<void> => {
    const stat = await lstat(at).catch(() => undefined);
    hash.update(`${name} ${stat?.mode.toString(8) ?? 'gone'}\n`);
    if (stat?.isFile() === true) hash.update(plain(await readFile(at, 'latin1')));
    if (stat?.isDirectory() !== true) return;
    for (const child of (await readdir(at)).toSorted())
      if (child !== '.holdfast') await visit(join(at, child), `${name}/${child}`);
  };
  await visit(path, '.');
  return hash.digest('hex');
}
