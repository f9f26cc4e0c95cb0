import { access, chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { endProcess } from '#deploy/local/end-process.ts';
import { startPostgres, type PostgresServer } from '#deploy/local/postgres-server.ts';
import { findProcess, isAlive, ownIdentity, type ProcessIdentity } from '#deploy/local/process-identity.ts';
import { findTool } from '#deploy/local/tools.ts';
import type { Relocation } from '#libs/contracts/relocation.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { parseAddress, withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { HoldfastError, problem, refuseAll } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import type { Host } from '#libs/runtime/host.ts';
import type { Sandboxes, SandboxWish } from '../ports.ts';

const PREFIX = 'holdfast-drill-';
const STOP_GRACE_MS = 20_000;
/** A copy that is thrown away needs no durability. */
const SCRATCH = { listen_addresses: '', fsync: 'off', full_page_writes: 'off', max_connections: '50' };

/** Folders below the system's temp folder, each with the identity of the verifier that owns it. */
export async function openSandboxes(
  host: Pick<Host, 'requireSecret' | 'pgBin' | 'site'>,
): Promise<Sandboxes & AsyncDisposable> {
  await removeLeftovers();
  const servers = new Map<string, PostgresServer>();

  const close = async (runId: string, spec: Spec, signal: AbortSignal): Promise<boolean> => {
    await servers.get(runId)?.discard();
    servers.delete(runId);
    const { postgres } = spec.verify;
    if (postgres !== undefined && 'url' in postgres)
      await dropDatabases(host.requireSecret(postgres.url), databaseName(runId), signal);
    return await removeSandbox(folderOf(runId));
  };

  return {
    async open(wish, signal) {
      const { runId, spec } = wish;
      await close(runId, spec, signal);
      const folder = await makeFolder(folderOf(runId));
      const places = await preparePlaces(spec, folder);
      const { postgres } = spec.verify;
      const remote = postgres !== undefined && 'url' in postgres ? postgres.url : undefined;
      const server = remote === undefined ? await startScratch(wish, folder, host.pgBin, signal) : undefined;
      if (server !== undefined) servers.set(runId, server);
      const live = spec.database.name ?? parseAddress(host.requireSecret(spec.database.url)).database;
      const database = server === undefined ? databaseName(runId) : live;
      const url = server === undefined ? host.requireSecret(remote!) : new Secret(socketAddress(server));
      const seen = await examine(url, wish.needs, signal);
      const file = join(folder, 'database.url');
      await writeFile(file, `${url.reveal()}\n`, { mode: 0o600 });
      return {
        sandbox: {
          folder,
          socket: server === undefined ? null : { folder: server.socketFolder, port: server.port },
          database,
          places: places.map(({ from, to, single }) => ({ from, to, single })),
          ...seen,
        },
        relocation: relocationTo({ file, database, places, site: host.site }),
      };
    },
    close,
    async [Symbol.asyncDispose]() {
      await Promise.all([...servers.values()].map((server) => server.discard()));
      await Promise.all([...servers.keys()].map((runId) => removeSandbox(folderOf(runId))));
    },
  };
}

const folderOf = (runId: string) => join(tmpdir(), `${PREFIX}${runId}`);
const databaseName = (runId: string) => `drill_${runId.slice(0, 16)}`;

/** No user is in the URL's usual place, for such a URL must name a host. */
function socketAddress({ user, socketFolder, port }: PostgresServer): string {
  return `postgresql:///postgres?host=${encodeURIComponent(socketFolder)}&port=${port}&user=${encodeURIComponent(user)}`;
}

/** The user that PostgreSQL runs as for root must be able to pass; what lies below is closed by itself. */
async function makeFolder(folder: string): Promise<string> {
  await mkdir(folder, { mode: 0o700 });
  await chmod(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
  await writeFile(join(folder, 'owner.json'), JSON.stringify(await ownIdentity()));
  for (const name of ['roots', 'env', 'home', 'tmp']) await mkdir(join(folder, name), { mode: 0o700 });
  return folder;
}

interface Place {
  readonly kind: 'root' | 'env';
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly single: boolean;
}

async function preparePlaces(spec: Spec, folder: string): Promise<readonly Place[]> {
  const roots = [...spec.files.roots, ...spec.config.trees].map(({ name, path }) => ({
    kind: 'root' as const,
    name,
    from: path,
    to: join(folder, 'roots', name),
    single: false,
  }));
  const files = spec.config.envFiles.map(({ path }, at) => ({
    kind: 'env' as const,
    name: path,
    from: path,
    to: join(folder, 'env', String(at), basename(path)),
    single: true,
  }));
  for (const { to } of files) await mkdir(dirname(to), { recursive: true });
  return [...roots, ...files];
}

function relocationTo(sandbox: {
  file: string;
  database: string;
  places: readonly Place[];
  site: string;
}): Relocation {
  const ofKind = (kind: Place['kind']) =>
    Object.fromEntries(
      sandbox.places.filter((place) => place.kind === kind).map(({ name, to }) => [name, to]),
    );
  return {
    database: { url: { file: sandbox.file }, name: sandbox.database },
    roots: ofKind('root'),
    envFiles: ofKind('env'),
    // Its restored places lie over the usual ones, see the enclosure.
    mounted: true,
    site: sandbox.site,
    application: 'leave-alone',
  };
}

async function startScratch(
  { spec, needs }: SandboxWish,
  folder: string,
  pgBin: string | undefined,
  signal: AbortSignal,
): Promise<PostgresServer> {
  const { postgres } = spec.verify;
  const named =
    postgres !== undefined && 'bin' in postgres ? await requireServer(postgres.bin) : await withServer(pgBin);
  const bin = named ?? (await findTool('postgres', { majorMin: needs.serverMajor, signal })).folder;
  return await startPostgres({ dataFolder: join(folder, 'pg'), bin, settings: SCRATCH, signal });
}

async function requireServer(bin: string): Promise<string> {
  if ((await withServer(bin)) !== undefined) return bin;
  throw new HoldfastError('TOOL_MISSING', {
    tool: 'initdb',
    folder: bin,
    remedy: 'name the folder of initdb and postgres in verify.postgres.bin of the spec',
  });
}

/** A folder of clients need not have the server. */
async function withServer(bin: string | undefined): Promise<string | undefined> {
  if (bin === undefined) return undefined;
  return await access(join(bin, 'initdb')).then(
    () => bin,
    () => undefined,
  );
}

async function examine(url: Secret, needs: SandboxWish['needs'], signal: AbortSignal) {
  await using server = await connectDatabase(withDatabase(url, 'postgres'), { signal });
  if (server.serverMajor < needs.serverMajor)
    throw new HoldfastError('DATABASE_UNSUPPORTED', {
      server: server.serverVersion,
      wanted: `${needs.serverMajor} or newer`,
      remedy: 'name newer programs or another server in verify.postgres of the spec',
    });
  const available = await server.query<{ name: string }>('SELECT name FROM pg_available_extensions');
  const names = new Set(available.map(({ name }) => name));
  const missing = needs.extensions
    .filter((name) => !names.has(name))
    .map((name) =>
      problem(
        'DATABASE_UNSUPPORTED',
        `extension ${name}`,
        'the scratch server does not have it',
        'name programs or a server that have it in verify.postgres of the spec',
      ),
    );
  refuseAll('DATABASE_UNSUPPORTED', missing);
  const [started] = await server.query<{ at: string }>(
    'SELECT extract(epoch FROM pg_postmaster_start_time())::text AS at',
  );
  return { serverVersion: server.serverVersion, serverIdentity: started!.at };
}

async function dropDatabases(url: Secret, prefix: string, signal: AbortSignal): Promise<void> {
  await using server: Database = await connectDatabase(withDatabase(url, 'postgres'), { signal });
  const found = await server.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of found) await server.run(`DROP DATABASE ${quoteName(name)} WITH (FORCE)`);
}

/** Sandboxes whose verifier ended without removing them. */
async function removeLeftovers(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    if ((await stat(folder).catch(() => undefined))?.uid !== process.getuid?.()) continue;
    const owner = await readOwner(folder);
    if (owner !== undefined && (await isAlive(owner))) continue;
    await removeSandbox(folder);
  }
}

async function readOwner(folder: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(join(folder, 'owner.json'), 'utf8').catch(() => '');
  return text === '' ? undefined : (JSON.parse(text) as ProcessIdentity);
}

async function removeSandbox(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return false;
  const pid = Number(
    (await readFile(join(folder, 'pg/postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0],
  );
  const server = pid > 0 ? await findProcess(pid) : undefined;
  if (server !== undefined && (await servesFrom(server.pid, folder))) await endProcess(server, STOP_GRACE_MS);
  await rm(folder, { recursive: true, force: true });
  return true;
}

/** A pid in an old file may be anybody's by now. */
async function servesFrom(pid: number, folder: string): Promise<boolean> {
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return words.split('\0').includes(join(folder, 'pg'));
}
