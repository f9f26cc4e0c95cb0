import { readFileSync } from 'node:fs';
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
