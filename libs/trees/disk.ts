import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, rename, statfs } from 'node:fs/promises';

/** The calls whose failures decide what happens: a twin of them can fail at any one. */
export interface Disk {
  /** Opens for reading, following no link and waiting for no writer of a FIFO. */
  open(path: Buffer): Promise<OpenFile>;
  /** Atomic within a file system; replaces a file that is there. */
  rename(from: Buffer, to: Buffer): Promise<void>;
  /** Free for this user on the file system of an existing path. */
  space(path: string): Promise<Space>;
}

export interface OpenFile extends AsyncDisposable {
  stat(): Promise<BigIntStats>;
  /** The first `bytes` of the file, or fewer when it ends before. A piece is gone when the next one is asked for. */
  read(bytes: number): AsyncIterable<Buffer>;
}

export interface Space {
  readonly bytes: number;
  /** Infinity where the file system does not count them. */
  readonly inodes: number;
}

const READ_BYTES = 256 * 1024;

export const realDisk: Disk = {
  async open(path) {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return {
      stat: () => handle.stat({ bigint: true }),
      async *read(bytes) {
        // One for all pieces: who wants to keep one copies it.
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, bytes));
        for (let position = 0; position < bytes;) {
          const { bytesRead } = await handle.read(
            buffer,
            0,
            Math.min(buffer.length, bytes - position),
            position,
          );
          if (bytesRead === 0) return;
          position += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  },
  rename,
  async space(path) {
    const { bavail, bsize, ffree, files } = await statfs(path);
    return { bytes: bavail * bsize, inodes: files === 0 ? Infinity : ffree };
  },
};

/** The code of a failed system call, empty for anything else. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

export function isGone(thrown: unknown): boolean {
  return codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR';
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}
