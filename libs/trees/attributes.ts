import type { BigIntStats } from 'node:fs';
import { chmod, lchown, lstat, lutimes, open, type FileHandle } from 'node:fs/promises';

/** What an entry has besides content. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch, decimal text. */
  readonly mtimeNs: string;
}

export function attributesOf(stat: BigIntStats): Attributes {
  return {
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: String(stat.mtimeNs),
  };
}

export async function readAttributes(path: string | Buffer): Promise<Attributes> {
  return attributesOf(await lstat(path, { bigint: true }));
}

/** Only a privileged process can give files away. */
export function isPrivileged(): boolean {
  return process.geteuid?.() === 0;
}

/** Owner before mode, for a change of owner takes setuid and setgid off; time last. Follows no link. */
export async function applyAttributes(
  path: string | Buffer,
  wanted: Attributes,
  isLink = false,
): Promise<void> {
  if (isPrivileged()) await lchown(path, wanted.uid, wanted.gid);
  if (!isLink) await chmod(path, wanted.mode);
  await lutimes(path, secondsOf(wanted), secondsOf(wanted));
}

export async function applyToHandle(handle: FileHandle, wanted: Attributes): Promise<void> {
  if (isPrivileged()) await handle.chown(wanted.uid, wanted.gid);
  await handle.chmod(wanted.mode);
  await handle.utimes(secondsOf(wanted), secondsOf(wanted));
}

/** Node takes times as floating seconds and cuts them off: the middle of the microsecond stays in it, its start might not. */
export function secondsOf({ mtimeNs }: Pick<Attributes, 'mtimeNs'>): number {
  return (Number(BigInt(mtimeNs) / 1000n) + 0.5) / 1e6;
}

/** Does something to a folder's entries and gives the folder the time it had: Holdfast's own places leave no trace. */
export async function keepingTime<T>(folder: string, act: () => Promise<T>): Promise<T> {
  const before = await readAttributes(folder);
  try {
    return await act();
  } finally {
    await lutimes(folder, secondsOf(before), secondsOf(before));
  }
}

export async function syncFolder(path: string | Buffer): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
