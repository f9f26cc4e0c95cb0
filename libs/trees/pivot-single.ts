import { constants } from 'node:fs';
import { lutimes, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { pipeline } from 'node:stream/promises';
import {
  keptTreePath,
  livePath,
  stagedTreePath,
  stageFolder,
  type StagePlace,
} from '#libs/contracts/stage.ts';
import {
  applyAttributes,
  applyToHandle,
  attributesOf,
  readAttributes,
  secondsOf,
  syncFolder,
  type Attributes,
} from './attributes.ts';
import { codeOf, isGone, isThere, type Disk } from './disk.ts';
import { makeFolder } from './pivot-folder.ts';
import type { PlaceState } from './place-state.ts';

/** A mount of a single file cannot be renamed over, but it can be written. */
const NOT_RENAMED = new Set(['EBUSY', 'EXDEV', 'EPERM', 'EACCES']);

/**
 * The old bytes are durable, with all they had, before the live file is touched: it is never away. What lies under the
 * kept name is whole, or nothing does. Returns what the live file has; null when there is none.
 */
export async function keepSingle(place: StagePlace, stage: string, disk: Disk): Promise<Attributes | null> {
  const kept = keptTreePath(place, stage);
  const copy = join(stageFolder(place, stage), 'copy');
  await makeFolder(dirname(kept));
  // What an interrupted copy left may not be writable any more.
  await removeFile(copy);
  const before = await copyIfThere(livePath(place, stage), copy, disk);
  if (before === null) await removeFile(kept);
  else await disk.rename(Buffer.from(copy), Buffer.from(kept));
  await syncFolder(dirname(kept));
  return before;
}

export async function placeSingle(
  place: StagePlace,
  stage: string,
  { after, folder }: PlaceState,
  disk: Disk,
): Promise<void> {
  const live = livePath(place, stage);
  if (after === null) await removeFile(live);
  else await put(stagedTreePath(place, stage), live, disk);
  await finishFolder(dirname(live), folder);
}

/** Where the switch had placed it: its bytes go back to the stage, so that it can be placed once more. */
export async function keepNewSingle(
  place: StagePlace,
  stage: string,
  { after }: PlaceState,
  disk: Disk,
): Promise<void> {
  const fresh = stagedTreePath(place, stage);
  if (after === null || (await isThere(fresh))) return;
  const copy = join(stageFolder(place, stage), 'copy');
  await removeFile(copy);
  if ((await copyIfThere(livePath(place, stage), copy, disk)) === null) return;
  await disk.rename(Buffer.from(copy), Buffer.from(fresh));
  await syncFolder(dirname(fresh));
}

/** Only once the kept copy was whole. */
export async function putSingleBack(
  place: StagePlace,
  stage: string,
  { before, folder }: PlaceState,
  disk: Disk,
): Promise<void> {
  const live = livePath(place, stage);
  if (before === null) await removeFile(live);
  else await put(keptTreePath(place, stage), live, disk);
  await finishFolder(dirname(live), folder);
}

/** By rename, else in place. A source that is gone was renamed before a crash: then it is done. */
async function put(from: string, to: string, disk: Disk): Promise<void> {
  try {
    await disk.rename(Buffer.from(from), Buffer.from(to));
  } catch (error) {
    if (isGone(error)) return;
    if (!NOT_RENAMED.has(codeOf(error))) throw error;
    await writeInPlace(from, to);
  }
}

async function writeInPlace(from: string, to: string): Promise<void> {
  const attributes = await readAttributes(from);
  await using source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  await using target = await open(to, constants.O_WRONLY | constants.O_CREAT, 0o600);
  // Whoever could read the old bytes and may not read the new ones reads neither.
  const { mode } = await target.stat();
  if ((mode & attributes.mode & 0o777) !== (mode & 0o777)) await target.chmod(mode & attributes.mode & 0o777);
  // Shortened only after it was written: a crash between leaves bytes that the next try writes again.
  const { bytes } = await copyBytes(source, target);
  await target.truncate(bytes);
  await target.sync();
  await applyAttributes(to, attributes);
}

async function copyIfThere(from: string, to: string, disk: Disk): Promise<Attributes | null> {
  const opened = await disk.open(Buffer.from(from)).catch((error: unknown) => {
    if (isGone(error)) return null;
    throw error;
  });
  if (opened === null) return null;
  await using source = opened;
  await using target = await open(to, 'wx', 0o600);
  for await (const part of source.read(Number.MAX_SAFE_INTEGER)) await target.writeFile(part);
  const attributes = attributesOf(await source.stat());
  await applyToHandle(target, attributes);
  await target.sync();
  return attributes;
}

async function copyBytes(
  source: Awaited<ReturnType<typeof open>>,
  target: Awaited<ReturnType<typeof open>>,
): Promise<{ bytes: number }> {
  let bytes = 0;
  await pipeline(source.createReadStream({ autoClose: false }), async (parts: AsyncIterable<Buffer>) => {
    for await (const part of parts) {
      for (let at = 0; at < part.length;) {
        const { bytesWritten } = await target.write(part, at, part.length - at, bytes);
        at += bytesWritten;
        bytes += bytesWritten;
      }
    }
  });
  return { bytes };
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

/** The folder may be part of another root, whose time was put right before. */
async function finishFolder(holder: string, folder: PlaceState['folder']): Promise<void> {
  if (folder !== null) await lutimes(holder, secondsOf(folder), secondsOf(folder));
  await syncFolder(holder);
}
