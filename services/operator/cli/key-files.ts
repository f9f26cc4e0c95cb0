import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createFile } from '#deploy/local/create-file.ts';
import { notWritten } from '#deploy/local/home.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { newIdentity } from '#libs/repository/open.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';

/**
 * The identity of a key file; made when there is no file, and durable before anything is sealed for it: a crash then
 * leaves a key without a repository, never a repository without its key. A file that is there is never overwritten, and
 * nothing is written beside it: a secret of a container lies where nobody may.
 */
export async function readOrMakeIdentity(file: string, comment: readonly string[]): Promise<Secret> {
  if (existsSync(file)) return await readIdentity(file);
  const made = await newIdentity();
  const lines = [...comment.map((line) => `# ${line}`), made.reveal(), ''];
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    if (await createFile(file, lines.join('\n'))) return made;
  } catch (error) {
    throw notWritten(error, { file });
  }
  return await readIdentity(file);
}
