import { chmod, lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { codeOf, isGone } from './disk.ts';
import { fullPath } from './paths.ts';

/**
 * Removes a tree whatever its names are (the runtime's own removal takes names for UTF-8) and whatever its modes; what
 * somebody else removes meanwhile is removed. `onEntry` is called before each entry; what it throws ends the work.
 */
export async function removeTree(path: string | Buffer, onEntry: () => void = () => {}): Promise<void> {
  onEntry();
  const full = Buffer.from(path);
  const stat = await lstat(full).catch(ifGone);
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    await unlink(full).catch(ifGone);
    return;
  }
  if ((stat.mode & 0o700) !== 0o700) await chmod(full, 0o700).catch(ifGone);
  for (const name of (await readdir(full, { encoding: 'buffer' }).catch(ifGone)) ?? [])
    await removeTree(fullPath(full, name.toString('latin1')), onEntry);
  await rmdir(full).catch(ifGone);
}

/** True when it was removed or gone; false when something is still in it. */
export async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function ifGone(error: unknown): undefined {
  if (isGone(error)) return undefined;
  throw error;
}
