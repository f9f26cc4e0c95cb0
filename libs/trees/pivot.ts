import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path/posix';
import { OWN_FOLDER, stageFolder, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { applyAttributes, readAttributes, syncFolder, type Attributes } from './attributes.ts';
import { codeOf, isGone, type Disk } from './disk.ts';
import { fullPath, showPath } from './paths.ts';
import { keepNewSingle, keepSingle, placeSingle, putSingleBack } from './pivot-single.ts';
import { requirePlaceState, writePlaceState, type PlaceState } from './place-state.ts';

/**
 * The switch of one place, forward: live → old, then new → live. Every phase is durable before its first rename, and
 * looks at what is there, so it goes on from any point. In `clearing` nothing new is live yet, and in `placing` nothing
 * old is: that is how each child is known for what it is. The commit point is `done`, after the last rename.
 */
export async function pivotPlace(place: StagePlace, stage: string, disk: Disk): Promise<void> {
  let state = await requirePlaceState(place, stage);
  const enter = async (change: Partial<PlaceState>): Promise<void> => {
    state = await writePlaceState(place, stage, { ...state, ...change });
  };
  for (;;) {
    switch (state.phase) {
      case 'staged':
        await enter({ phase: 'clearing', ...(await beforeOf(place)) });
        break;
      case 'clearing':
        await (place.single ? keepSingle(place, stage) : moveLiveToOld(place, stage, disk));
        await enter({ phase: 'placing' });
        break;
      case 'placing':
        await (place.single
          ? placeSingle(place, stage, state, disk)
          : moveNewToLive(place, stage, state, disk));
        await enter({ phase: 'done' });
        break;
      case 'done':
        return;
      case 'staging':
      case 'unplacing':
      case 'unclearing':
      case 'undone':
        throw new HoldfastError('STAGE_GONE', { path: place.path, stage, reason: 'it was put back' });
    }
  }
}

/** The other way round, from wherever the switch or an earlier undo stopped; afterwards a late switch is refused. */
export async function undoPlace(place: StagePlace, stage: string, disk: Disk): Promise<void> {
  let state = await requirePlaceState(place, stage);
  const enter = async (change: Partial<PlaceState>): Promise<void> => {
    state = await writePlaceState(place, stage, { ...state, ...change });
  };
  for (;;) {
    switch (state.phase) {
      case 'staging':
      case 'staged':
        await enter({ phase: 'undone' });
        break;
      case 'placing':
      case 'done':
        await enter({ phase: 'unplacing' });
        break;
      case 'clearing':
        await enter({ phase: 'unclearing' });
        break;
      case 'unplacing':
        await (place.single ? keepNewSingle(place, stage, state) : moveLiveToNew(place, stage, disk));
        await enter({ phase: 'unclearing' });
        break;
      case 'unclearing':
        await (place.single
          ? putSingleBack(place, stage, state, disk)
          : moveOldToLive(place, stage, state, disk));
        await enter({ phase: 'undone' });
        break;
      case 'undone':
        return;
    }
  }
}

/** What was put back may be switched once more; one that never was is left as it is. */
export async function rearmPlace(place: StagePlace, stage: string, disk: Disk): Promise<void> {
  const { phase } = await requirePlaceState(place, stage);
  if (phase === 'unplacing' || phase === 'unclearing') await undoPlace(place, stage, disk);
  const state = await requirePlaceState(place, stage);
  if (state.phase === 'undone') await writePlaceState(place, stage, { ...state, phase: 'staged' });
}

async function beforeOf(place: StagePlace): Promise<Pick<PlaceState, 'before' | 'folder'>> {
  const folder = join(place.path, '..');
  return { before: await attributesIfThere(place.path), folder: await attributesIfThere(folder) };
}

async function attributesIfThere(path: string): Promise<Attributes | null> {
  try {
    return await readAttributes(path);
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

async function moveLiveToOld(place: StagePlace, stage: string, disk: Disk): Promise<void> {
  const { live, old } = foldersOf(place, stage);
  await mkdir(old, { recursive: true, mode: 0o700 });
  await makeWritable(live);
  await moveChildren(live, old, disk);
}

async function moveNewToLive(place: StagePlace, stage: string, state: PlaceState, disk: Disk): Promise<void> {
  const { live, fresh } = foldersOf(place, stage);
  await makeWritable(live);
  if (state.after !== null) {
    await makeWritable(fresh);
    await moveChildren(fresh, live, disk);
  }
  await finishRoot(live, state.after ?? state.before);
}

async function moveLiveToNew(place: StagePlace, stage: string, disk: Disk): Promise<void> {
  const { live, fresh } = foldersOf(place, stage);
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await makeWritable(live);
  await makeWritable(fresh);
  await moveChildren(live, fresh, disk);
}

async function moveOldToLive(place: StagePlace, stage: string, state: PlaceState, disk: Disk): Promise<void> {
  const { live, old } = foldersOf(place, stage);
  await makeWritable(live);
  await mkdir(old, { recursive: true, mode: 0o700 });
  await moveChildren(old, live, disk);
  await finishRoot(live, state.before);
}

function foldersOf(place: StagePlace, stage: string): { live: string; fresh: string; old: string } {
  const folder = stageFolder(place, stage);
  return { live: place.path, fresh: join(folder, 'new'), old: join(folder, 'old') };
}

async function moveChildren(from: string, to: string, disk: Disk): Promise<void> {
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    const text = name.toString('latin1');
    if (text === OWN_FOLDER) continue;
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
      path: showPath(path.toString('latin1')),
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
