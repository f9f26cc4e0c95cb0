import { HoldfastError } from '#libs/kernel/errors.ts';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sendSignal } from './end-process.ts';
import { chooseFreePort } from './free-ports.ts';
import {
  placeData,
  prepareCluster,
  serverEnvironment,
  shortTempFolder,
  type Place,
} from './postgres-cluster.ts';
import { childPids } from './process-identity.ts';
import { readLogTail, spawnLogged } from './spawn-logged.ts';
import { findTool } from './tools.ts';
import { chooseServerUser, makeUserFolder, reachableInstallation } from './unprivileged-user.ts';

const HOST = '127.0.0.1';
const READY_MS = 60_000;
const POLL_MS = 25;
/** Fast shutdown writes a checkpoint first; a large test database on a busy disk needs its time. */
const STOP_GRACE_MS = 60_000;
/** Another process may take the free port between our choice and the server's start. */
const PORT_ATTEMPTS = 3;

export interface PostgresOptions {
  /** Created when missing; started again when it holds a cluster already. */
  readonly dataFolder: string;
  /** Folder with initdb and postgres; found when not given. */
  readonly bin?: string;
  /** Superuser of the cluster, default `postgres`. */
  readonly user?: string;
  readonly port?: number;
  /** Server settings, for example `{ fsync: 'off' }`. Durability is on unless they say otherwise. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onNote?: (note: string) => void;
}

export interface PostgresServer extends AsyncDisposable {
  /** TCP address of a database, as the superuser unless another role is given. */
  url(database: string, role?: { user: string; password: string }): string;
  /** The superuser's address of the database `postgres`. */
  readonly superuserUrl: string;
  /** Through the socket, without a password. */
  socketUrl(database: string, user?: string): string;
  readonly socketFolder: string;
  /** Where the cluster really lies: elsewhere than asked when the server's user could not reach that. */
  readonly dataFolder: string;
  readonly bin: string;
  readonly port: number;
  readonly pid: number;
  readonly user: string;
  readonly password: string;
  readonly logFile: string;
  /** Fast shutdown; the data folder stays. Idempotent. */
  stop(): Promise<void>;
  /** Stops it and removes the cluster. Idempotent. */
  discard(): Promise<void>;
  /** As a power cut of the server: every process of it is killed. */
  kill(): Promise<void>;
}

/**
 * A private PostgreSQL cluster: local socket (trusted) and TCP on loopback (scram). Never as root: root runs it
 * as `postgres` or `nobody`. Throws TOOL_MISSING, TOOL_FAILED with the server's last lines.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const account = await chooseServerUser();
  const found =
    options.bin ?? (await findTool('postgres', { signal: options.signal, onNote: options.onNote })).folder;
  const place: Place = {
    bin: await reachableInstallation(found, account),
    account,
    dataFolder: await placeData(resolve(options.dataFolder), account, options.onNote),
    user: options.user ?? 'postgres',
  };
  const runFolder = await mkdtemp(join(shortTempFolder(), 'hf-pg-'));
  try {
    await makeUserFolder(runFolder, account);
    const password = await prepareCluster(place, runFolder);
    return await startServer({ place, runFolder, password, options });
  } catch (error) {
    await rm(runFolder, { recursive: true, force: true });
    throw error;
  }
}

async function startServer(start: {
  place: Place;
  runFolder: string;
  password: string;
  options: PostgresOptions;
}): Promise<PostgresServer> {
  const { place, runFolder, password, options } = start;
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await chooseFreePort());
    try {
      const running = await launch({ place, runFolder, port, options });
      return describe({ place, runFolder, port, password, ...running });
    } catch (error) {
      const taken = String((error as HoldfastError).details?.['lastLines']).includes(
        'Address already in use',
      );
      if (!taken || options.port !== undefined || attempt >= PORT_ATTEMPTS) throw error;
    }
  }
}

interface Running {
  readonly pid: number;
  readonly ended: Promise<unknown>;
  readonly logFile: string;
}

async function launch(start: {
  place: Place;
  runFolder: string;
  port: number;
  options: PostgresOptions;
}): Promise<Running> {
  const { place, runFolder, port, options } = start;
  const settings = {
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: runFolder,
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const logFile = join(runFolder, 'server.log');
  const { pid, ended } = await spawnLogged({
    command: [join(place.bin, 'postgres'), '-D', place.dataFolder, ...args],
    env: serverEnvironment(),
    cwd: '/',
    logFile,
    user: place.account,
  });
  let over = false;
  void ended.then(() => (over = true));
  const deadline = performance.now() + READY_MS;
  while (!(await isReady(place.dataFolder, pid))) {
    const cancelled = options.signal?.aborted === true;
    if (!over && !cancelled && performance.now() < deadline) {
      await delay(POLL_MS);
      continue;
    }
    if (!over) sendSignal(pid, 'SIGKILL');
    await ended;
    if (cancelled) throw HoldfastError.from(options.signal?.reason);
    throw new HoldfastError('TOOL_FAILED', {
      program: 'postgres',
      port,
      lastLines: await readLogTail(logFile),
    });
  }
  return { pid, ended, logFile };
}

/** postmaster.pid: first line the pid, eighth the state; it is what pg_ctl waits for. */
async function isReady(dataFolder: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

function describe(
  server: { place: Place; runFolder: string; port: number; password: string } & Running,
): PostgresServer {
  const { place, runFolder, port, password, pid, ended, logFile } = server;
  let stopping: Promise<void> | undefined;
  const end = async (how: 'SIGINT' | 'SIGKILL') => {
    const backends = how === 'SIGKILL' ? await childPids(pid) : [];
    sendSignal(pid, how);
    // The server's processes lead sessions of their own: they are ended one by one, as a power cut would.
    for (const backend of backends) sendSignal(backend, 'SIGKILL');
    const timer = setTimeout(() => {
      sendSignal(pid, 'SIGQUIT');
    }, STOP_GRACE_MS);
    await ended;
    clearTimeout(timer);
    await rm(runFolder, { recursive: true, force: true });
  };
  const stop = () => (stopping ??= end('SIGINT'));
  const tcp = (database: string, { user, password: secret } = { user: place.user, password }) =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@${HOST}:${port}/${encodeURIComponent(database)}`;
  return {
    url: tcp,
    superuserUrl: tcp('postgres'),
    socketUrl: (database, user = place.user) =>
      `postgresql://${encodeURIComponent(user)}@/${encodeURIComponent(database)}?host=${encodeURIComponent(runFolder)}&port=${port}`,
    socketFolder: runFolder,
    dataFolder: place.dataFolder,
    bin: place.bin,
    port,
    pid,
    user: place.user,
    password,
    logFile,
    stop,
    discard: async () => {
      await stop();
      await rm(place.dataFolder, { recursive: true, force: true });
    },
    kill: () => (stopping ??= end('SIGKILL')),
    [Symbol.asyncDispose]: stop,
  };
}
