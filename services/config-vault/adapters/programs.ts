import { access, appendFile, constants, mkdir, mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { execa, type Result } from 'execa';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Programs } from '../ports.ts';

const VERSION_TIMEOUT_MS = 5_000;
const VERSION_CHARACTERS_MAX = 200;
/** A hook that takes longer hangs: stopping and starting an application is a matter of seconds. */
const HOOK_TIMEOUT_MS = 15 * 60_000;
const ALIVE_INTERVAL_MS = 5_000;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 20;

export const programs: Programs = {
  look: (names, signal) => Promise.all(names.map((name) => lookAt(name, signal))),
  run: runToItsEnd,
};

async function lookAt(name: string, signal: AbortSignal) {
  const path = await findProgram(name);
  if (path === undefined) return { name, found: false, version: '' };
  const { stdout, stderr } = await execa(path, ['--version'], {
    reject: false,
    stdin: 'ignore',
    timeout: VERSION_TIMEOUT_MS,
    cancelSignal: signal,
    env: hostEnvironment(),
    extendEnv: false,
    maxBuffer: 64 * 1024,
  });
  const text = (stdout || stderr || '').trim();
  return { name, found: true, version: (text.split('\n')[0] ?? '').slice(0, VERSION_CHARACTERS_MAX) };
}

async function findProgram(name: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
  for (const path of candidates) {
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

/**
 * Output goes to a file, not to a pipe: a daemon that a start hook leaves behind keeps a pipe open, and whoever reads
 * it would wait for the daemon's end.
 */
async function runToItsEnd(
  command: readonly string[],
  { cwd, env, signal, onAlive }: Parameters<Programs['run']>[1],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-hook-'));
  const output = await open(join(folder, 'output'), 'w+', 0o600);
  // Any descriptor works; the types name the lowest ones alone.
  const descriptor = output.fd as 3;
  const alive = setInterval(onAlive, ALIVE_INTERVAL_MS);
  try {
    const [program, ...args] = command as [string, ...string[]];
    const ended = await execa(program, args, {
      reject: false,
      stdio: ['ignore', descriptor, descriptor],
      cancelSignal: signal,
      timeout: HOOK_TIMEOUT_MS,
      env: { ...hostEnvironment(), ...env },
      extendEnv: false,
      ...(cwd === undefined ? {} : { cwd }),
    });
    signal.throwIfAborted();
    if (ended.failed) {
      await keepTail(output).catch(() => {});
      throw hookFailure(program, ended);
    }
  } finally {
    clearInterval(alive);
    await output.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function hookFailure(
  program: string,
  ended: Pick<Result, 'exitCode' | 'signal' | 'timedOut' | 'originalMessage'>,
): HoldfastError {
  return new HoldfastError('HOOK_FAILED', {
    program,
    exitCode: ended.exitCode ?? null,
    signal: ended.signal ?? null,
    reason: ended.timedOut ? `took longer than ${HOOK_TIMEOUT_MS} ms` : (ended.originalMessage ?? ''),
  });
}

/** What an application prints may hold anything: it is for the machine's owner, and in no error, journal or log. */
async function keepTail(output: FileHandle): Promise<void> {
  const home = process.env['HOLDFAST_HOME'];
  if (home === undefined) return;
  const folder = join(home, 'logs');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await appendFile(join(folder, 'hooks.log'), `${await tailOf(output)}\n`, { mode: 0o600 });
}

async function tailOf(output: FileHandle): Promise<string> {
  const { size } = await output.stat();
  const start = Math.max(0, size - TAIL_BYTES);
  const { buffer, bytesRead } = await output.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
  const lines = buffer.subarray(0, bytesRead).toString('utf8').trimEnd().split('\n');
  return lines.slice(-TAIL_LINES).join('\n');
}

/** The host's own environment; what configures Holdfast (keys, store credentials) is not the application's business. */
function hostEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')));
}
