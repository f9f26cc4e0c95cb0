import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { OWN_FOLDER } from '#libs/contracts/stage.ts';
import { codeOf, isGone } from './disk.ts';
import { childPath, fullPath, TOP } from './paths.ts';

export interface Found {
  /** Latin1 text of the bytes below the root. */
  readonly path: string;
  readonly full: Buffer;
  readonly stat: BigIntStats;
}

export interface WalkOptions {
  readonly excluded: (path: string) => boolean;
  /** A folder or entry that is there and cannot be looked into. */
  readonly onUnreadable: (path: string, code: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Every entry of a root, the root itself first: folders before their content, names in byte order. What vanishes
 * meanwhile is simply not there. Holds the names of the folders it is in, nothing else.
 */
export async function* walkTree(root: string, options: WalkOptions, path = TOP): AsyncIterable<Found> {
  options.signal.throwIfAborted();
  const full = fullPath(root, path);
  const stat = await lstatIfThere(full, path, options);
  if (stat === undefined) return;
  const names = stat.isDirectory() ? await namesIn(full, path, options) : [];
  if (names === undefined) return;
  yield { path, full, stat };
  for (const name of names) {
    const child = childPath(path, name);
    if (child !== OWN_FOLDER && !options.excluded(child)) yield* walkTree(root, options, child);
  }
}

async function lstatIfThere(
  full: Buffer,
  path: string,
  { onUnreadable }: WalkOptions,
): Promise<BigIntStats | undefined> {
  try {
    return await lstat(full, { bigint: true });
  } catch (error) {
    if (!isGone(error)) onUnreadable(path, codeOf(error));
    return undefined;
  }
}

/** Undefined when the folder is gone; no names when it cannot be read, so that the folder itself is kept. */
async function namesIn(
  full: Buffer,
  path: string,
  { onUnreadable }: WalkOptions,
): Promise<Buffer[] | undefined> {
  try {
    const names = await readdir(full, { encoding: 'buffer' });
    return names.toSorted((a, b) => Buffer.compare(a, b));
  } catch (error) {
    if (isGone(error)) return undefined;
    onUnreadable(path, codeOf(error));
    return [];
  }
}
