import { HoldfastError } from '#libs/kernel/errors.ts';
import { execa } from 'execa';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { lastLines } from './run-program.ts';
import type { User } from './unprivileged-user.ts';

/** A log beyond this becomes `.1` at the next start, and the one before it goes. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;

export interface Ended {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

export interface SpawnedProcess {
  readonly pid: number;
  /** Never rejects. */
  readonly ended: Promise<Ended>;
}

/**
 * Starts a long-running program that writes its log itself, so that it outlives us without a broken pipe.
 * `detached` makes it the leader of its own group: Ctrl-C on our terminal does not reach it.
 */
export async function spawnLogged(program: {
  command: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  logFile: string;
  user?: User | undefined;
  detached?: boolean;
}): Promise<SpawnedProcess> {
  const [file = '', ...args] = program.command;
  await rotate(program.logFile);
  const log = await open(program.logFile, 'a', 0o600);
  // The type of execa names the first few descriptors only; any number is passed on as it is.
  const descriptor = log.fd as 3;
  const child = execa(file, args, {
    ...program.user,
    cwd: program.cwd,
    env: program.env,
    extendEnv: false,
    detached: program.detached ?? false,
    cleanup: program.detached !== true,
    stdin: 'ignore',
    stdout: descriptor,
    stderr: descriptor,
    buffer: false,
    reject: false,
  });
  const { pid } = child;
  const ended = child.then(({ exitCode, signal }) => ({ exitCode, signal }));
  await log.close();
  if (pid !== undefined) return { pid, ended };
  throw new HoldfastError('TOOL_FAILED', { program: file, reason: (await child).code ?? 'not started' });
}

export async function readLogTail(logFile: string): Promise<string> {
  return lastLines(await readFile(logFile, 'utf8').catch(() => ''));
}

async function rotate(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_BYTES_MAX) await rename(logFile, `${logFile}.1`);
}
