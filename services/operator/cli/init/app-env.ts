import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readApplicationEnv } from '#libs/runtime/env-file.ts';

/** An env file of the application, parsed. Values are secrets until proven otherwise: none is printed. */
export interface AppEnvFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
}

const TEMPLATES = /\.(example|sample|template|dist|default|tmpl|j2|orig|bak|old)$|~$/;

/** `.env` first, then `.env.*` and `*.env` beside it; templates are none. */
export async function readAppEnvFiles(root: string): Promise<readonly AppEnvFile[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries
    .filter(
      (entry) => entry.isFile() && /^\.env(\..+)?$|\.env$/.test(entry.name) && !TEMPLATES.test(entry.name),
    )
    .map((entry) => entry.name)
    .toSorted((a, b) => Number(b === '.env') - Number(a === '.env') || (a < b ? -1 : 1));
  return await Promise.all(
    names.map(async (name) => ({
      path: join(root, name),
      values: parseAppEnv((await readApplicationEnv(join(root, name))).toString()),
    })),
  );
}

/** As Django's env readers do: a quoted value ends at its quote, a bare one at ` #`; lines that are none are passed over. Pure. */
export function parseAppEnv(text: string): ReadonlyMap<string, string> {
  const lines = text
    .split(/\r?\n/)
    .map((line) => /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=(.*)$/.exec(line));
  return new Map(lines.flatMap((match) => (match === null ? [] : [[match[1]!, valueOf(match[2]!.trim())]])));
}

function valueOf(raw: string): string {
  const quote = raw[0];
  if (quote !== '"' && quote !== "'") return (raw.split(/\s#/, 1)[0] ?? '').trimEnd();
  const end = raw.indexOf(quote, 1);
  return end < 0 ? raw.slice(1) : raw.slice(1, end);
}

/** All variables; the first file that has one decides. */
export function mergeEnv(files: readonly AppEnvFile[]): ReadonlyMap<string, string> {
  return new Map(files.toReversed().flatMap((file) => [...file.values]));
}
