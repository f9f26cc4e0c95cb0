import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export interface Measured {
  readonly wallMs: number;
  /** User and system, of the process and what it waited for. */
  readonly cpuMs: number;
  readonly peakMiB: number;
}

/** Runs a program under `/usr/bin/time`, with a file as its input; what it writes is thrown away. */
export async function measured(
  command: readonly string[],
  {
    folder,
    input,
    environment = {},
  }: { folder: string; input?: string; environment?: Record<string, string> },
): Promise<Measured> {
  const out = join(folder, 'time');
  // The file itself: through a pipe its reader and this process would be measured, too.
  const from = ['-c', 'exec "$@" < "$0"', input ?? '/dev/null'];
  const words = [...from, '/usr/bin/time', '-o', out, '-f', '%e %U %S %M', ...command];
  await execa('sh', words, {
    env: environment,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
  });
  const [wall, user, system, kib] = (await readFile(out, 'utf8')).trim().split(' ').map(Number);
  return { wallMs: wall! * 1000, cpuMs: (user! + system!) * 1000, peakMiB: kib! / 1024 };
}
