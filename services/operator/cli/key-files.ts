import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { newIdentity } from '#libs/repository/open.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';

/**
 * The identity of a key file; made when there is no file, and durable before anything is sealed for it: a crash then
 * leaves a key without a repository, never a repository without its key. A file that is there is never overwritten.
 */
export async function readOrMakeIdentity(file: string, comment: readonly string[]): Promise<Secret> {
  const made = await newIdentity();
  const lines = [...comment.map((line) => `# ${line}`), made.reveal(), ''];
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await createDurably(file, lines.join('\n'));
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return await readIdentity(file);
    throw new HoldfastError('NOT_WRITABLE', { file }, { cause: error });
  }
}

async function createDurably(path: string, text: string): Promise<void> {
  {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}
