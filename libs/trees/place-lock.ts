import { randomUUID } from 'node:crypto';
import { open, readdir, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path/posix';
import { setTimeout as pause } from 'node:timers/promises';
import { stageFolder, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { isGone, isThere } from './disk.ts';
import { STATE_FILE } from './place-state.ts';
import { fateOf, ownMark } from './process-mark.ts';

/** A switch is renames: most are over by then. Whoever waited in vain is told to come again. */
const WAIT_MS = 15_000;
const LOOK_MS = 50;
/** A holder nobody here can see (another container) shows its life by touching the lock. */
const TOUCH_MS = 5_000;
/** Six touches missed; a step tries three times and waits each time, so it outlasts a dead one. */
const SILENT_MS = 30_000;

const FREE = 'lock.free';
const HELD = /^lock\.(\d+)\.(\d*)\.([0-9a-f]{16})\.[0-9a-f-]{36}$/;

/** Made with the place, before its first state. */
export async function makeLock(folder: string): Promise<void> {
  await using _made = await open(join(folder, FREE), 'wx', 0o600);
}

/**
 * At most one executor works on a staging place. The lock is one file that is there as long as the place and is named
 * for its holder; taking it, from nobody or from a dead one, is renaming it. A holder's name is never used again, so of
 * all who saw the same dead holder one alone succeeds; and nothing is written, so that a full disk can be cleared.
 *
 * Undefined when there is no such place. Throws STAGE_BUSY (transient) when the holder lives and did not end in time.
 */
export async function lockPlace(
  place: StagePlace,
  stage: string,
  { signal, waitMs = WAIT_MS }: { signal: AbortSignal; waitMs?: number },
): Promise<AsyncDisposable | undefined> {
  const folder = stageFolder(place, stage);
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    signal.throwIfAborted();
    const name = await findName(folder);
    if (name === undefined && !(await isThere(join(folder, STATE_FILE)))) return undefined;
    if (name !== undefined && !(await isHeld(folder, name))) {
      const lock = await takeFrom(folder, name);
      if (lock !== undefined) return lock;
    }
    if (waitedMs >= waitMs) throw new HoldfastError('STAGE_BUSY', { path: place.path, stage });
    await pause(LOOK_MS, undefined, { signal });
  }
}

/** In an order of its own, so that two never wait for each other; places that are not there are left out. */
export async function lockPlaces(
  places: readonly StagePlace[],
  stage: string,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  await using locks = new AsyncDisposableStack();
  const folders = new Map(places.map((place) => [stageFolder(place, stage), place]));
  for (const folder of [...folders.keys()].toSorted()) {
    const lock = await lockPlace(folders.get(folder)!, stage, { signal });
    if (lock !== undefined) locks.use(lock);
  }
  return locks.move();
}

async function findName(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isGone(error)) return [];
    throw error;
  });
  return names.find((name) => name === FREE || HELD.test(name));
}

async function isHeld(folder: string, name: string): Promise<boolean> {
  const [, pid, start, realm] = HELD.exec(name) ?? [];
  if (pid === undefined) return false;
  const fate = await fateOf({ pid: Number(pid), start: start!, realm: realm! });
  if (fate !== 'unseen') return fate === 'alive';
  const touchedMs = await stat(join(folder, name)).then(
    ({ mtimeMs }) => mtimeMs,
    // Given back or removed since it was listed: the next look tells.
    () => Infinity,
  );
  return Date.now() - touchedMs < SILENT_MS;
}

/** Undefined when somebody else was first. */
async function takeFrom(folder: string, name: string): Promise<AsyncDisposable | undefined> {
  const { pid, start, realm } = await ownMark();
  const path = join(folder, `lock.${pid}.${start}.${realm}.${randomUUID()}`);
  try {
    // Before the rename: whoever cannot see this process must not take the lock for a silent one.
    await touch(join(folder, name));
    await rename(join(folder, name), path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  // The place may be removed by now, and a touch that failed is made up for by the next.
  const touching = setInterval(() => void touch(path).catch(() => {}), TOUCH_MS).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(touching);
      await rename(path, join(folder, FREE)).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
    },
  };
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}
