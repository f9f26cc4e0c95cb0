import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import type { TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import { codeOf, isGone } from './disk.ts';

/** What keeps roots from being taken, all of it. An optional root that is not there is none. */
export async function inspectRoots(roots: readonly TreeRoot[]): Promise<readonly Problem[]> {
  const problems = await Promise.all(roots.map(inspectRoot));
  return problems.filter((each) => each !== undefined);
}

async function inspectRoot({ name, path, single, optional }: TreeRoot): Promise<Problem | undefined> {
  try {
    const stat = await lstat(path);
    if (stat.isSymbolicLink())
      return problem(
        'ROOT_MISSING',
        name,
        `${path} is a symbolic link, and a switch would replace it`,
        `declare the path it stands for: realpath ${path}`,
      );
    if (single ? !stat.isFile() : !stat.isDirectory())
      return problem('ROOT_MISSING', name, `${path} is no ${single ? 'file' : 'folder'}`);
    await access(path, single ? constants.R_OK : constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (isGone(error)) return optional ? undefined : problem('ROOT_MISSING', name, `${path} is not there`);
    return problem('FILE_UNREADABLE', name, `cannot read ${path} (${codeOf(error)})`);
  }
}
