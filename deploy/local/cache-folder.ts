import { sha256 } from '#libs/kernel/ids.ts';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where fetched programs are kept: `HOLDFAST_CACHE`, else the user's cache folder. */
export function cacheFolder(env: Environment = process.env): string {
  if (env['HOLDFAST_CACHE']) return resolve(env['HOLDFAST_CACHE']);
  if (env['XDG_CACHE_HOME']) return join(resolve(env['XDG_CACHE_HOME']), 'holdfast');
  return join(env['HOME'] ?? homedir(), '.cache', 'holdfast');
}

/** A changed list of requirements has another folder. */
export function venvFolder(name: string, requirements: string, env: Environment): string {
  return join(cacheFolder(env), `venv-${name}-${sha256(requirements).slice(0, 12)}`);
}
