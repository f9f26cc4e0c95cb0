import { readFile } from 'node:fs/promises';
import { keptTreePath } from '#libs/contracts/stage.ts';
import type { TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { SMALL_BYTES_MAX } from './capture.ts';
import { isThere } from './disk.ts';
import { excludeMatcher } from './exclude.ts';
import type { LiveRoot, SurveyOptions } from './port.ts';
import { listStages } from './take-over.ts';
import { walkTree } from './walk.ts';

/** Counts what is there now; one root after the other, so that a live disk is not hurried. */
export async function surveyRoots(
  roots: readonly TreeRoot[],
  options: SurveyOptions,
): Promise<readonly LiveRoot[]> {
  const found: LiveRoot[] = [];
  for (const root of roots) found.push(await surveyRoot(root, options));
  return found;
}

async function surveyRoot(root: TreeRoot, { signal, onSmallFile }: SurveyOptions): Promise<LiveRoot> {
  const counts = { files: 0, folders: 0, links: 0, bytes: 0 };
  const inodes = new Set<string>();
  let present = false;
  const excluded = excludeMatcher(root.exclude);
  // What cannot be read is the matter of `inspect` and of the backup itself.
  for await (const entry of walkTree(root.path, { excluded, onUnreadable: () => {}, signal })) {
    present = true;
    const { stat: found, path, full } = entry;
    const inode = `${found.dev}:${found.ino}`;
    const isLink = found.isSymbolicLink() || (found.isFile() && found.nlink > 1n && inodes.has(inode));
    if (found.isFile() && found.nlink > 1n) inodes.add(inode);
    if (found.isDirectory()) counts.folders += 1;
    else if (isLink) counts.links += 1;
    else if (found.isFile()) {
      counts.files += 1;
      counts.bytes += Number(found.size);
      if (onSmallFile !== undefined && found.size <= SMALL_BYTES_MAX) {
        const content = await readFile(full).catch(() => undefined);
        if (content !== undefined) onSmallFile({ root: root.name, path, content });
      }
    }
  }
  const { name, path } = root;
  return { name, path, state: present ? 'captured' : 'absent', ...counts, kept: await keptStages(root) };
}

async function keptStages(root: TreeRoot): Promise<readonly string[]> {
  const stages = (await listStages(root).catch(() => [])).map(({ stage }) => stage);
  const there = await Promise.all(stages.map((stage) => isThere(keptTreePath(root, stage))));
  return stages.filter((_, at) => there[at]);
}
