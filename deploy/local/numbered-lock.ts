import { link, mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** Older numbers are kept for a while, so that a slow listing never misses the newest. */
const KEPT = 8;

type Entry = { readonly holder: ProcessIdentity | null };

export interface HeldLock extends AsyncDisposable {
  readonly number: number;
  release(): Promise<void>;
}

export type LockOutcome =
  | { readonly kind: 'held'; readonly lock: HeldLock }
  | { readonly kind: 'taken'; readonly holder: ProcessIdentity };

/**
 * An exclusive lock that a dead process does not hold. The lock is a folder of numbered files and the highest
 * number counts; taking it is creating the next number by link, which one contender alone can do. Numbers
 * never go back: with a single file, two who saw the same dead holder could each remove the other's new lock.
 */
export async function tryLock(folder: string): Promise<LockOutcome> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (;;) {
    const top = await readTop(folder);
    if (top.holder !== null && (await isAlive(top.holder))) return { kind: 'taken', holder: top.holder };
    const number = top.number + 1;
    if (!(await createNumber(folder, number))) continue;
    const numbers = await listNumbers(folder);
    if (number !== numbers.at(-1)) {
      // Our view was old: the number had been used and removed before.
      await unlink(join(folder, String(number)));
      continue;
    }
    await Promise.all(
      numbers
        .filter((old) => old < number - KEPT)
        .map((old) => unlink(join(folder, String(old))).catch(() => {})),
    );
    const release = () => markReleased(folder, number);
    return { kind: 'held', lock: { number, release, [Symbol.asyncDispose]: release } };
  }
}

/** Who holds it now; undefined when nobody alive does. */
export async function findLockHolder(folder: string): Promise<ProcessIdentity | undefined> {
  const { holder } = await readTop(folder);
  return holder !== null && (await isAlive(holder)) ? holder : undefined;
}

async function readTop(folder: string): Promise<Entry & { readonly number: number }> {
  const number = (await listNumbers(folder)).at(-1) ?? 0;
  if (number === 0) return { number, holder: null };
  const text = await readFile(join(folder, String(number)), 'utf8').catch(() => undefined);
  if (text === undefined) return readTop(folder);
  return { number, ...(JSON.parse(text) as Entry) };
}

async function listNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

async function createNumber(folder: string, number: number): Promise<boolean> {
  const temp = await writeTemp(folder, { holder: await ownIdentity() });
  try {
    await link(temp, join(folder, String(number)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temp);
  }
}

async function markReleased(folder: string, number: number): Promise<void> {
  const path = join(folder, String(number));
  const temp = await writeTemp(folder, { holder: null }).catch(() => undefined);
  // The folder may be gone with its home: then the lock is gone too.
  if (temp !== undefined) await rename(temp, path);
}

async function writeTemp(folder: string, entry: Entry): Promise<string> {
  const temp = join(folder, `temp-${randomBytes(8).toString('hex')}`);
  await writeFile(temp, JSON.stringify(entry), { mode: 0o600, flag: 'wx' });
  return temp;
}
