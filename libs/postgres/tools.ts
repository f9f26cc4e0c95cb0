import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { splitPassword } from './address.ts';
import { STARTUP_OPTIONS } from './settings.ts';

/** pg_dump and pg_restore of one version. */
export interface ClientTools {
  readonly folder: string;
  readonly major: number;
}

const DISTRIBUTION = '/usr/lib/postgresql';
const LAST_LINES = 12;
/** The system asks after two hours; a program whose server is gone must end while its run still waits. */
const KEEPALIVE = 'keepalives_idle=60&keepalives_interval=10&keepalives_count=6';
/** The program's own words and the server's errors. Details, context, hints and statements may hold values of rows. */
const TOLD = /^(\S*\/)?pg_(dump|restore): |^\s*(ERROR|FATAL|PANIC|WARNING): /;
const CONTENDED = /due to lock timeout|deadlock detected/;
/** Words of the client library, and the server's where those are all there is: its session was ended, or there is none. */
const CUT_OFF =
  /server closed the connection unexpectedly|connection to server .* failed: (?!FATAL)|the database system is |too many (clients|connections)|no connection to the server|could not (send data to|receive data from) server|terminating connection/;

/** The folder given first, then the distribution's, then PATH. */
export async function findClients(pgBin: string | undefined): Promise<readonly ClientTools[]> {
  const versions = await readdir(DISTRIBUTION).catch(() => []);
  const folders = [
    ...(pgBin === undefined ? [] : [pgBin]),
    ...versions.map((version) => join(DISTRIBUTION, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
  ];
  const found = await Promise.all([...new Set(folders)].map(examine));
  return found.filter((tools) => tools !== undefined);
}

/**
 * The server's own major where there is one, otherwise the next newer: a newer client writes statements that an older
 * server may not know. Throws DATABASE_CLIENT_TOO_OLD.
 */
export async function requireClient(serverMajor: number, pgBin: string | undefined): Promise<ClientTools> {
  const all = await findClients(pgBin);
  const fitting = all.filter(({ major }) => major >= serverMajor).toSorted((a, b) => a.major - b.major);
  if (fitting[0] !== undefined) return fitting[0];
  throw new HoldfastError('DATABASE_CLIENT_TOO_OLD', {
    serverMajor,
    found: all.map(({ folder, major }) => `${major} in ${folder}`),
    remedy: `install the client programs of PostgreSQL ${serverMajor} or newer, for example: apt-get install postgresql-client-${serverMajor}`,
  });
}

/** Asking programs for their version costs more than a small dump: once they answered, it is enough that they are there. */
const examined = new Map<string, ClientTools>();

async function examine(folder: string): Promise<ClientTools | undefined> {
  if (!existsSync(join(folder, 'pg_dump'))) return undefined;
  const known = examined.get(folder);
  if (known !== undefined) return known;
  const dump = await execa(join(folder, 'pg_dump'), ['--version'], { reject: false, stdin: 'ignore' });
  const major = Number(/\) (\d+)/.exec(dump.stdout ?? '')?.[1]);
  if (!Number.isInteger(major)) return undefined;
  const restore = await execa(join(folder, 'pg_restore'), ['--version'], { reject: false, stdin: 'ignore' });
  if (restore.failed) return undefined;
  const tools = { folder, major };
  examined.set(folder, tools);
  return tools;
}

export interface ToolRun {
  readonly tools: ClientTools;
  readonly url: Secret;
  readonly arguments: readonly string[];
  readonly signal: AbortSignal;
  readonly applicationName?: string;
  /** Of its session; takes the place of what role and database say. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Standard output as it comes; ends in TOOL_FAILED when the program does, in DATABASE_UNREACHABLE when it was cut off. */
export async function* readTool(
  program: 'pg_dump',
  { tools, url, signal, arguments: given }: ToolRun,
): AsyncIterable<Buffer> {
  const { address, password } = splitPassword(url);
  const child = execa(
    join(tools.folder, program),
    [...given, '--no-password', `--dbname=${withKeepalive(address)}`],
    {
      ...options(password, signal),
      stdin: 'ignore',
      buffer: { stdout: false, stderr: true, fd3: false },
      encoding: 'buffer',
    },
  );
  const ended = child.then((result) => result);
  try {
    for await (const piece of child.stdout) yield piece as Buffer;
    requireSuccess(program, await ended, signal);
  } finally {
    child.kill();
    await ended;
  }
}

/** Works on the database that it is given. Throws TOOL_FAILED, DATABASE_UNREACHABLE. */
export async function runTool(
  program: 'pg_restore',
  { tools, url, signal, arguments: given, applicationName, settings }: ToolRun,
): Promise<void> {
  const { address, password } = splitPassword(url);
  const result = await execa(
    join(tools.folder, program),
    [...given, '--no-password', `--dbname=${withKeepalive(address)}`],
    {
      ...options(password, signal, applicationName, settings),
      stdin: 'ignore',
      encoding: 'buffer',
    },
  );
  requireSuccess(program, result, signal);
}

/** What the program says of an archive, a file among its arguments or this one; it enters no database. Throws TOOL_FAILED. */
export async function askTool(
  program: 'pg_restore',
  { tools, signal, arguments: given }: Pick<ToolRun, 'tools' | 'signal' | 'arguments'>,
  archive?: AsyncIterable<Buffer>,
): Promise<string> {
  const result = await execa(join(tools.folder, program), [...given], {
    ...options('', signal),
    stdin: archive ?? 'ignore',
    encoding: 'buffer',
    maxBuffer: Number.MAX_SAFE_INTEGER,
  });
  requireSuccess(program, result, signal);
  return Buffer.from(result.stdout).toString('utf8');
}

function withKeepalive(address: string): string {
  return `${address}${address.includes('?') ? '&' : '?'}${KEEPALIVE}`;
}

function options(
  password: string,
  cancelSignal: AbortSignal,
  applicationName = 'holdfast',
  settings: ToolRun['settings'] = {},
) {
  // Nothing of the caller's PG* variables; the password is not an argument, for those are public on a host.
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    env: {
      ...Object.fromEntries(kept),
      LC_ALL: 'C',
      PGPASSWORD: password,
      PGAPPNAME: applicationName,
      PGOPTIONS: [
        STARTUP_OPTIONS,
        ...Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`),
      ].join(' '),
      PGCONNECT_TIMEOUT: '10',
    },
    extendEnv: false,
    cancelSignal,
    reject: false,
  } as const;
}

interface Ended {
  readonly failed: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stderr?: unknown;
  readonly cause?: unknown;
}

function requireSuccess(program: string, result: Ended, signal: AbortSignal): void {
  if (signal.aborted) throw HoldfastError.from(signal.reason);
  if (!result.failed) return;
  const text = result.stderr instanceof Uint8Array ? Buffer.from(result.stderr).toString('utf8') : '';
  const lines = text.split('\n').filter((line) => TOLD.test(line));
  throw new HoldfastError(
    whatEnded(text, lines),
    {
      program,
      exitCode: result.exitCode ?? null,
      signal: result.signal ?? null,
      lastLines: lines.slice(-LAST_LINES),
    },
    // Why it could not start or be fed; the result itself repeats all of stderr.
    { cause: result.cause },
  );
}

function whatEnded(text: string, told: readonly string[]): ErrorCode {
  if (told.some((line) => line.includes('No space left on device'))) return 'SPACE_MISSING';
  if (told.some((line) => CONTENDED.test(line))) return 'DATABASE_CONTENDED';
  return CUT_OFF.test(text) ? 'DATABASE_UNREACHABLE' : 'TOOL_FAILED';
}
