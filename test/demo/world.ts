import { execa } from 'execa';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseFreePort } from '#deploy/local/free-ports.ts';
import { startPostgres, type PostgresServer } from '#deploy/local/postgres-server.ts';
import { requireVenv } from '#deploy/local/tools.ts';

/** A reference EDMS on a PostgreSQL server of its own: what the demo and the end-to-end tests back up and destroy. */
export interface World extends AsyncDisposable {
  readonly folder: string;
  /** The application's own folder: code, .env, certificates, logs, storage. */
  readonly app: string;
  readonly instance: string;
  readonly database: string;
  readonly role: string;
  readonly postgres: PostgresServer;
  readonly python: string;
  readonly baseUrl: string;
  readonly user: { readonly username: string; readonly password: string };
  /** Cookie jar of a session that was opened before the disaster. */
  readonly jar: string;
  readonly environment: Record<string, string>;
  /** Documents that are overwritten where they lie; none unless the world is spiteful. */
  readonly living: readonly LivingDocument[];
}

export interface LivingDocument {
  readonly id: number;
  readonly uuid: string;
  readonly file_path: string;
}

export interface WorldOptions {
  readonly folder: string;
  readonly scale: 'seed' | 'small';
  readonly rows: number;
  readonly files: number;
  readonly seed: number;
  readonly onNote: (note: string) => void;
  /** The EDMS with everything that real ones have and a test's would not: test/edms/README.md. */
  readonly spiteful?: boolean;
}

const EDMS = 'test/edms/edms.py';

/** Creates the instance and starts it; what it started ends with it. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { folder, onNote } = options;
  await mkdir(folder, { recursive: true });
  const venv = await requireVenv('edms', 'test/edms/requirements.txt', { onNote });
  await using stack = new AsyncDisposableStack();
  const postgres = await startPostgres({ dataFolder: join(folder, 'pg'), onNote });
  stack.defer(() => postgres.discard());
  const port = await chooseFreePort();
  const instance = join(folder, 'edms');
  const database = 'edms';
  const created = await createInstance({
    ...options,
    python: venv.python,
    instance,
    url: postgres.url(database),
    port,
  });
  const world: World = {
    folder,
    app: join(instance, 'app'),
    instance,
    database,
    role: created.role,
    postgres,
    python: venv.python,
    baseUrl: `http://127.0.0.1:${port}`,
    // Not a superuser: what an author may do hangs on groups and on permissions of the live database.
    user: created.users.find(({ username }) => username === 'author')!,
    jar: join(folder, 'session.jar'),
    environment: { PG_BIN: postgres.bin },
    living: created.living,
    [Symbol.asyncDispose]: async () => {},
  };
  stack.defer(() => stopEdms(world));
  await startEdms(world);
  const owned = stack.move();
  return { ...world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Created {
  readonly role: string;
  readonly users: readonly { readonly username: string; readonly password: string }[];
  readonly living: readonly LivingDocument[];
}

async function createInstance(
  options: WorldOptions & { python: string; instance: string; url: string; port: number },
): Promise<Created> {
  const { python, instance, url, port, scale, rows, files, seed, spiteful } = options;
  const size = ['--scale', scale, '--rows', String(rows), '--files', String(files), '--seed', String(seed)];
  const { stdout } = await execa(python, [
    EDMS,
    'create',
    '--root',
    instance,
    '--db-url',
    url,
    '--port',
    String(port),
    ...size,
    ...(spiteful === true ? ['--spiteful'] : []),
  ]);
  return JSON.parse(stdout.split('\n').at(-1)!) as Created;
}

/** Argument arrays of the deployment's hooks: how this application is stopped and started by a machine. */
export function hooksOf(world: Pick<World, 'python' | 'instance'>) {
  const script = join(process.cwd(), EDMS);
  return {
    stop: [[world.python, script, 'stop', '--root', world.instance]],
    start: [[world.python, script, 'serve', '--detach', '--root', world.instance]],
  };
}

export async function startEdms(world: Pick<World, 'python' | 'instance'>): Promise<void> {
  for (const [program, ...rest] of hooksOf(world).start) await execa(program!, rest);
}

export async function stopEdms(world: Pick<World, 'python' | 'instance'>): Promise<void> {
  for (const [program, ...rest] of hooksOf(world).stop) await execa(program!, rest, { reject: false });
}

/** Until `resumeEdms` nothing is written in the background, also after a restart: what is looked at stands still. */
export async function pauseEdms(world: Pick<World, 'python' | 'instance'>): Promise<void> {
  await execa(world.python, [EDMS, 'pause', '--root', world.instance]);
}

export async function resumeEdms(world: Pick<World, 'python' | 'instance'>): Promise<void> {
  await execa(world.python, [EDMS, 'resume', '--root', world.instance]);
}

/** A person at work: logs in and stays logged in, files documents under both conventions, moves one on. */
export async function workInIt(world: World, seed: number): Promise<Record<string, unknown>> {
  const { username, password } = world.user;
  const access = ['--url', world.baseUrl, '--username', username, '--password', password, '--jar', world.jar];
  const { stdout } = await execa(world.python, [
    'test/edms/user.py',
    'work',
    ...access,
    '--seed',
    String(seed),
    '--documents',
    '4',
  ]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Database with its role, document files, environment, settings and certificates: gone. */
export async function destroyWorld(world: World): Promise<void> {
  await stopEdms(world);
  const psql = (statement: string) =>
    execa(join(world.postgres.bin, 'psql'), [
      '-qX',
      '-v',
      'ON_ERROR_STOP=1',
      '-d',
      world.postgres.superuserUrl,
      '-c',
      statement,
    ]);
  await psql(`DROP DATABASE "${world.database}" WITH (FORCE)`);
  await psql(`DROP ROLE "${world.role}"`);
  for (const name of ['storage', 'certificates', 'logs', '.env', 'registrar/settings'])
    await rm(join(world.app, name), { recursive: true, force: true });
}

export async function writeJson(file: string, value: unknown): Promise<string> {
  await writeFile(file, JSON.stringify(value, null, 2));
  return file;
}
