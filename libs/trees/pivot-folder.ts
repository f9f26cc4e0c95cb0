import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import { join, normalize } from 'node:path/posix';
import { livePath, OWN_FOLDER, stageFolder, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { applyAttributes, syncFolder, type Attributes } from './attributes.ts';
import { codeOf, type Disk } from './disk.ts';
import { fullPath, showPath } from './paths.ts';
import type { PlaceState } from './place-state.ts';

/** An abort is looked for between renames; the phase says where to go on, forward or back. */
export interface Moving {
  readonly disk: Disk;
  readonly signal: AbortSignal;
}

export async function moveLiveToOld(
  place: StagePlace,
  stage: string,
  { disk, signal }: Moving,
): Promise<void> {
  const { live, old } = foldersOf(place, stage);
  await makeFolder(old);
  await makeWritable(live);
  await moveChildren(live, old, { disk, signal });
}

export async function moveNewToLive(
  place: StagePlace,
  stage: string,
  state: PlaceState,
  { disk, signal }: Moving,
): Promise<void> {
  const { live, fresh } = foldersOf(place, stage);
  await makeWritable(live);
  if (state.after !== null) {
    await makeWritable(fresh);
    await moveChildren(fresh, live, { disk, signal });
  }
  await finishRoot(live, state.after ?? state.before);
}

export async function moveLiveToNew(
  place: StagePlace,
  stage: string,
  { disk, signal }: Moving,
): Promise<void> {
  const { live, fresh } = foldersOf(place, stage);
  await makeFolder(fresh);
  await makeWritable(live);
  await makeWritable(fresh);
  await moveChildren(live, fresh, { disk, signal });
}

export async function moveOldToLive(
  place: StagePlace,
  stage: string,
  state: PlaceState,
  { disk, signal }: Moving,
): Promise<void> {
  const { live, old } = foldersOf(place, stage);
  await makeWritable(live);
  await makeFolder(old);
  await moveChildren(old, live, { disk, signal });
  await finishRoot(live, state.before);
}

function foldersOf(place: StagePlace, stage: string): { live: string; fresh: string; old: string } {
  const folder = stageFolder(place, stage);
  return { live: livePath(place, stage), fresh: join(folder, 'new'), old: join(folder, 'old') };
}

/** Never those above it: a place that was taken over must not come into being again. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

async function moveChildren(from: string, to: string, { disk, signal }: Moving): Promise<void> {
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    const text = name.toString('latin1');
    if (text === OWN_FOLDER) continue;
    signal.throwIfAborted();
    await requireFree(fullPath(to, text), text);
    await moveEntry(fullPath(from, text), fullPath(to, text), disk);
  }
  await syncFolder(to);
  await syncFolder(from);
}

/** Somebody wrote into the root during the switch: a rename would replace what lies there. */
async function requireFree(path: Buffer, name: string): Promise<void> {
  const taken = await lstat(path).then(
    () => true,
    () => false,
  );
  if (taken)
    throw new HoldfastError('STEP_FAILED', {
      path: normalize(showPath(path.toString('latin1'))),
      reason: `${showPath(name)} was written during the switch`,
      remedy: 'stop whatever writes into the root, move that entry away, then run again',
    });
}

/** To move a folder its own `..` is rewritten: an unprivileged owner needs write access to the folder itself. */
async function moveEntry(from: Buffer, to: Buffer, disk: Disk): Promise<void> {
  try {
    await disk.rename(from, to);
  } catch (error) {
    const stat = await lstat(from);
    if (codeOf(error) !== 'EACCES' || !stat.isDirectory()) throw error;
    await chmod(from, (stat.mode & 0o7777) | 0o700);
    await disk.rename(from, to);
    await chmod(to, stat.mode & 0o7777);
  }
}

async function makeWritable(folder: string): Promise<void> {
  const { mode } = await lstat(folder);
  if ((mode & 0o700) !== 0o700) await chmod(folder, (mode & 0o7777) | 0o700);
}

/** Last of all, for every rename before it changed the root's time. */
async function finishRoot(live: string, wanted: Attributes | null): Promise<void> {
  if (wanted !== null) await applyAttributes(live, wanted);
  await syncFolder(live);
}
