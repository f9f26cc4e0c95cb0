import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SecretRef } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import type { Environment } from './config.ts';

/**
 * Looks a secret up at each use, so that a changed value holds at once: the environment first, then `services.env`.
 * Throws SECRET_MISSING, CONFIG_INVALID for a line that is no NAME=value.
 */
export function secretSource(env: Environment, path: string): (ref: SecretRef) => Secret {
  return (ref) => {
    if ('file' in ref) return secretFile(ref.file);
    const value = env[ref.env] || readEnvFile(path).get(ref.env);
    if (value === undefined || value === '')
      throw new HoldfastError('SECRET_MISSING', { name: ref.env, file: path });
    return new Secret(value);
  };
}

/** An application's env file that is larger holds no variables but data, and is not read into memory. */
export const ENV_BYTES_MAX = 256 * 1024;

/** Throws ENV_FILE_TOO_LARGE, and what the system says of a file that cannot be read. */
export async function readApplicationEnv(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  // One byte more tells a file that grows, or says no size, from one that fits.
  const { buffer, bytesRead } = await file.read(Buffer.alloc(ENV_BYTES_MAX + 1), 0, ENV_BYTES_MAX + 1, 0);
  if (bytesRead > ENV_BYTES_MAX) throw new HoldfastError('ENV_FILE_TOO_LARGE', { file: path });
  return buffer.subarray(0, bytesRead);
}

/** The first line of a file. Throws SECRET_MISSING. */
export function secretFile(file: string): Secret {
  const value = textOf(file).split(/\r?\n/)[0]?.trim() ?? '';
  if (value === '') throw new HoldfastError('SECRET_MISSING', { file });
  return new Secret(value);
}

/** NAME=value lines; `#` begins a comment line; one pair of quotes around the value is taken off. No file, no values. */
export function readEnvFile(path: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [index, raw] of textOf(path).split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line);
    // The line itself is not shown: it may be a secret.
    if (match === null)
      throw new HoldfastError('CONFIG_INVALID', { file: path, line: index + 1, wanted: 'NAME=value' });
    values.set(match[1]!, unquoted(match[2]!.trim()));
  }
  return values;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new HoldfastError('CONFIG_INVALID', { file: path, reason: 'cannot be read' }, { cause });
  }
}

function unquoted(value: string): string {
  const quote = value[0];
  return value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote)
    ? value.slice(1, -1)
    : value;
}
