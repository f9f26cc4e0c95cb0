import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { endProcess } from '#deploy/local/end-process.ts';
import type { PostgresServer } from '#deploy/local/postgres-server.ts';
import { findProcess, isAlive, ownIdentity, type ProcessIdentity } from '#deploy/local/process-identity.ts';
import type { Relocation } from '#libs/contracts/relocation.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { compareTokens, parseStageName, stageName, type Token } from '#libs/contracts/stage.ts';
import { parseAddress, withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import { Secret } from '#libs/kernel/secret.ts';
import type { Host } from '#libs/runtime/host.ts';
import type { Sandboxes } from '../ports.ts';
import { examine, startScratch } from './scratch-server.ts';

const PREFIX = 'holdfast-drill-';
const STOP_GRACE_MS = 20_000;

/** Folders below the system's temp folder, each with the identity of the verifier that owns it. */
export async function openSandboxes(
  host: Pick<Host, 'requireSecret' | 'pgBin' | 'site'>,
): Promise<Sandboxes & AsyncDisposable> {
  await removeLeftovers();
  const servers = new Map<string, PostgresServer>();

  const dropFrom = async (spec: Spec, prefix: string, signal: AbortSignal): Promise<void> => {
    const { postgres } = spec.verify;
    if (postgres !== undefined && 'url' in postgres)
      await dropDatabases(host.requireSecret(postgres.url), prefix, signal);
  };
  const removePlace = async (token: Token): Promise<boolean> => {
    const folder = folderOf(token);
    await servers.get(folder)?.discard();
    servers.delete(folder);
    return await removeSandbox(folder);
  };
  const discard = async (token: Token, spec: Spec, signal: AbortSignal): Promise<boolean> => {
    await dropFrom(spec, databaseName(token), signal);
    return await removePlace(token);
  };

  return {
    async open(wish, signal) {
      const { token, spec } = wish;
      const earlier = (await tokensOf(token.runId)).filter((other) => compareTokens(other, token) <= 0);
      for (const other of earlier) await discard(other, spec, signal);
      const folder = await makeFolder(folderOf(token));
      const places = await preparePlaces(spec, folder);
      const { postgres } = spec.verify;
      const remote = postgres !== undefined && 'url' in postgres ? postgres.url : undefined;
      const server = remote === undefined ? await startScratch(wish, folder, host.pgBin, signal) : undefined;
      if (server !== undefined) servers.set(folder, server);
      const live = spec.database.name ?? parseAddress(host.requireSecret(spec.database.url)).database;
      const database = server === undefined ? databaseName(token) : live;
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
    async close(of, spec, signal) {
      if ('claim' in of) return await discard(of, spec, signal);
      // Also those whose folder is gone.
      await dropFrom(spec, databasesOf(of.runId), signal);
      const tokens = await tokensOf(of.runId);
      for (const token of tokens) await removePlace(token);
      return tokens.length > 0;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...servers.values()].map((server) => server.discard()));
      await Promise.all([...servers.keys()].map(removeSandbox));
    },
  };
}

const folderOf = (token: Token) => join(tmpdir(), `${PREFIX}${stageName(token)}`);
const databasesOf = (runId: string) => `drill_${runId.slice(0, 16)}`;
const databaseName = ({ runId, epoch, claim }: Token) => `${databasesOf(runId)}_${epoch}_${claim}`;

/** Of the run's places that are there. */
async function tokensOf(runId: string): Promise<readonly Token[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(`${PREFIX}${runId}.`));
  return names.flatMap((name) => parseStageName(name.slice(PREFIX.length)) ?? []);
}

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

async function dropDatabases(url: Secret, prefix: string, signal: AbortSignal): Promise<void> {
  await using server: Database = await connectDatabase(withDatabase(url, 'postgres'), { signal });
  const found = await server.query<{ name: string }>(
    "SELECT datname AS name FROM pg_database WHERE datname = $1 OR starts_with(datname, $1 || '_')",
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
