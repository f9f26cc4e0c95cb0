import { randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path/posix';
import { stageFolder, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { syncFolder, type Attributes } from './attributes.ts';
import { codeOf, isGone, isThere } from './disk.ts';

/**
 * How far one staging place is, kept durably in its folder: whoever comes after a crash goes on from here.
 * Forward: staging → staged → clearing → placing → done. Back: unplacing → unclearing → undone.
 */
export type Phase =
  | 'staging'
  | 'staged'
  | 'clearing'
  | 'placing'
  | 'done'
  | 'unplacing'
  | 'unclearing'
  | 'undone';

export interface PlaceState {
  readonly phase: Phase;
  /** The name under which it was filled: who acts on it later renames it, and switches no other content. */
  readonly filledAs: string;
  /** Folders that were made so that the place could be: removed with it when they are empty. Outermost first. */
  readonly created: readonly string[];
  /** What the root is to have after the switch; null when it was absent in the snapshot. */
  readonly after: Attributes | null;
  /** What the root had when the switch began; null when it was not there. */
  readonly before: Attributes | null;
  /** The folder that holds it, as the switch found it. */
  readonly folder: Attributes | null;
}

export const STATE_FILE = 'state.json';

/** A few blocks that are given back when the disk is full: a switch must be able to end, or to be put back, in spite of it. */
const RESERVE_FILE = 'reserve';
const RESERVE_BYTES = 64 * 1024;

export async function makeReserve(place: StagePlace, stage: string): Promise<void> {
  await using handle = await open(join(stageFolder(place, stage), RESERVE_FILE), 'w', 0o600);
  await handle.writeFile(Buffer.alloc(RESERVE_BYTES));
  await handle.sync();
}

export async function writePlaceState(
  place: StagePlace,
  stage: string,
  state: PlaceState,
): Promise<PlaceState> {
  const folder = stageFolder(place, stage);
  try {
    return await writeState(folder, state);
  } catch (error) {
    const reserve = join(folder, RESERVE_FILE);
    if (!['ENOSPC', 'EDQUOT'].includes(codeOf(error)) || !(await isThere(reserve))) throw error;
    await rm(reserve, { force: true });
    return await writeState(folder, state);
  }
}

async function writeState(folder: string, state: PlaceState): Promise<PlaceState> {
  // Named for its writer: one that was taken over writes none but its own.
  const temporary = join(folder, `${STATE_FILE}.${randomUUID()}`);
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify(state));
    await handle.sync();
    await rename(temporary, join(folder, STATE_FILE));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await syncFolder(folder);
  return state;
}

/** Of predecessors: whoever has one open still writes into it, but not into the place. */
export async function dropHalfWritten(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(`${STATE_FILE}.`)) await rm(join(folder, name), { force: true });
}

export async function findPlaceState(place: StagePlace, stage: string): Promise<PlaceState | undefined> {
  try {
    return JSON.parse(await readFile(join(stageFolder(place, stage), STATE_FILE), 'utf8')) as PlaceState;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Throws STAGE_GONE: whoever took over removed the place, or it was never finished. */
export async function requirePlaceState(place: StagePlace, stage: string): Promise<PlaceState> {
  const state = await findPlaceState(place, stage);
  if (state === undefined || state.phase === 'staging')
    throw new HoldfastError('STAGE_GONE', { path: place.path, stage });
  return state;
}
