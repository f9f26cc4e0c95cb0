import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A new file, whole and durable or not there at all: a full disk, or a kill, must not leave an empty key behind that the
 * next attempt takes for one. 0600. False when there is a file of this name; it is never overwritten.
 */
export async function createFile(path: string, text: string): Promise<boolean> {
  const temp = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    {
      await using file = await open(temp, 'wx', 0o600);
      await file.writeFile(text);
      await file.sync();
    }
    await link(temp, path);
    await using folder = await open(dirname(path), 'r');
    await folder.sync();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(temp, { force: true });
  }
}
