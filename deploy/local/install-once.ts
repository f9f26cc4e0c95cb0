import { HoldfastError } from '#libs/kernel/errors.ts';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { tryLock, type HeldLock } from './numbered-lock.ts';

const COMPLETE = '.complete';
const POLL_MS = 250;

export interface Installation {
  /** Where it goes; its name tells version or hash, so a finished folder never changes. */
  readonly folder: string;
  /** What is installed and how long it may take, for the person who waits. */
  readonly note: string;
  readonly install: (folder: string) => Promise<void>;
  readonly onNote: (note: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** True when the folder was finished by an earlier `installOnce`. */
export async function isInstalled(folder: string): Promise<boolean> {
  return await access(join(folder, COMPLETE)).then(
    () => true,
    () => false,
  );
}

/**
 * Installs into the folder once, whoever else does the same at the same time. Idempotent. The mark of
 * completion is written last: an interrupted installation is removed and made again.
 */
export async function installOnce(wanted: Installation): Promise<void> {
  if (await isInstalled(wanted.folder)) return;
  await mkdir(dirname(wanted.folder), { recursive: true });
  await using _lock = await waitForLock(wanted);
  if (await isInstalled(wanted.folder)) return;
  wanted.onNote(wanted.note);
  await rm(wanted.folder, { recursive: true, force: true });
  await mkdir(wanted.folder, { recursive: true });
  try {
    await wanted.install(wanted.folder);
    await writeFile(join(wanted.folder, COMPLETE), '');
  } catch (error) {
    await rm(wanted.folder, { recursive: true, force: true });
    throw error;
  }
}

async function waitForLock({ folder, onNote, signal }: Installation): Promise<HeldLock> {
  let said = false;
  for (;;) {
    const outcome = await tryLock(`${folder}.lock`);
    if (outcome.kind === 'held') return outcome.lock;
    if (!said) onNote(`waiting for process ${outcome.holder.pid}, which installs the same into ${folder}`);
    said = true;
    if (signal?.aborted === true) throw HoldfastError.from(signal.reason);
    await delay(POLL_MS);
  }
}
