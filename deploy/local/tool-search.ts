import { constants } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import type { Environment } from './cache-folder.ts';

export function pathFolders(env: Environment): string[] {
  return (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** Where programs lie although PATH does not say so. */
export function usualFolders(env: Environment): string[] {
  const home = env['HOME'] ?? homedir();
  return [
    '/usr/local/bin',
    '/usr/local/sbin',
    '/usr/bin',
    '/usr/sbin',
    '/usr/local/go/bin',
    '/opt/homebrew/bin',
    join(home, 'go', 'bin'),
    join(home, '.local', 'bin'),
  ];
}

/** PostgreSQL's own folders, newest major first. */
export async function postgresFolders(): Promise<string[]> {
  const parents = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt'];
  const found = (await Promise.all(parents.map((parent) => listFolders(parent)))).flat();
  const pgdg = (await listFolders('/usr')).filter((folder) => basename(folder).startsWith('pgsql-'));
  const versioned = [...found, ...pgdg].filter(
    (folder) => /\d+$/.test(folder) && /(?:postgresql|pgsql)/.test(folder),
  );
  const newestFirst = versioned.sort((a, b) => majorOf(b) - majorOf(a));
  return [...newestFirst, '/usr/local/pgsql'].map((folder) => join(folder, 'bin'));
}

export async function listFolders(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(parent, entry.name));
}

export async function isExecutable(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return false;
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * The folder that really holds the program. Debian's /usr/bin/pg_dump is a wrapper that picks a version by its
 * own rules: undefined for that, the real folders are searched anyway.
 */
export async function findRealFolder(path: string): Promise<string | undefined> {
  const real = await realpath(path);
  return basename(real) === 'pg_wrapper' ? undefined : dirname(real);
}

function majorOf(folder: string): number {
  return Number(/(\d+)$/.exec(folder)?.[1] ?? 0);
}
