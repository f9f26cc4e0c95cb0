import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, readdir, rename, rm, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { isName, requireName, requirePrefix } from './names.ts';
import type { ObjectStore } from './port.ts';
import { probeCreateOnly } from './probe.ts';

/** Half-written files lie here; names never begin with a dot, so they are never objects. */
const TEMP_FOLDER = '.tmp';

const PIECE_BYTES = 256 * 1024;

/**
 * A directory as object store, safe under several processes. A put writes beside, syncs, reads the bytes again, and
 * then gives the file its name: by link when it must be the first (EEXIST on the second), by rename otherwise. A file
 * system without hard links is refused as STORE_NOT_CREATE_ONLY.
 */
export function diskStore(path: string): ObjectStore {
  const folder = resolve(path);
  const pathOf = (name: string) => join(folder, requireName(name));
  const store: ObjectStore = {
    name: `disk:${folder}`,
    async put(name, bytes, { createOnly, signal }) {
      signal?.throwIfAborted();
      const path = pathOf(name);
      const temp = join(folder, TEMP_FOLDER, randomBytes(12).toString('hex'));
      try {
        await makeFolder(dirname(temp));
        await writeDurably(temp, bytes, signal);
        await makeFolder(dirname(path));
        await (createOnly ? linkFirst(temp, path) : rename(temp, path));
        await syncFolder(dirname(path));
      } catch (error) {
        throw storeError(error, { name, signal });
      } finally {
        await rm(temp, { force: true });
      }
    },
    async get(name, { range, signal } = {}) {
      signal?.throwIfAborted();
      const path = pathOf(name);
      try {
        await using file = await open(path, 'r');
        const stat = await file.stat();
        if (!stat.isFile()) throw new HoldfastError('OBJECT_MISSING', { object: name });
        return range === undefined
          ? await file.readFile({ signal })
          : await readRange(file, { start: range.start, end: Math.min(range.end, stat.size) });
      } catch (error) {
        if (isMissing(error)) throw new HoldfastError('OBJECT_MISSING', { object: name }, { cause: error });
        throw storeError(error, { name, signal });
      }
    },
    async head(name, { signal } = {}) {
      signal?.throwIfAborted();
      try {
        const stat = await lstat(pathOf(name));
        return stat.isFile() ? { bytes: stat.size } : undefined;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw storeError(error, { name });
      }
    },
    list: (prefix, { startAfter = '', signal } = {}) =>
      listBelow(folder, requirePrefix(prefix), startAfter, signal),
    async delete(name, { signal } = {}) {
      signal?.throwIfAborted();
      await unlink(pathOf(name)).catch((error: unknown) => {
        if (!isMissing(error)) throw storeError(error, { name });
      });
    },
    async retain() {
      throw new HoldfastError('STORE_CANNOT_LOCK', { store: store.name });
    },
    async retainedUntil(name, { signal } = {}) {
      signal?.throwIfAborted();
      requireName(name);
      return undefined;
    },
    probe: (options) => probeCreateOnly(store, options),
  };
  return store;
}

async function writeDurably(path: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  await using file = await open(path, 'wx+', 0o600);
  await file.writeFile(bytes, signal === undefined ? {} : { signal });
  await file.datasync();
  if (!(await holds(file, bytes)))
    throw new HoldfastError('STORE_REFUSED', { reason: 'bytes read again differ from those written' });
}

/** Piece by piece: a second copy of a whole pack would be garbage as large as itself. */
async function holds(file: FileHandle, bytes: Uint8Array): Promise<boolean> {
  const piece = Buffer.allocUnsafe(Math.min(bytes.length, PIECE_BYTES));
  for (let at = 0; at < bytes.length; at += piece.length) {
    const due = bytes.subarray(at, at + piece.length);
    const { bytesRead } = await file.read(piece, 0, due.length, at);
    if (bytesRead !== due.length || !piece.subarray(0, bytesRead).equals(due)) return false;
  }
  return true;
}

async function readRange(file: FileHandle, { start, end }: { start: number; end: number }): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, end - start));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** What `link` says on a file system without hard links: FAT and exFAT, network shares, drivers that know no such call. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** A second name for the same bytes, refused when the name is taken: by a file, not by a folder. */
async function linkFirst(temp: string, path: string): Promise<void> {
  await link(temp, path).catch(async (error: NodeJS.ErrnoException) => {
    if (NO_LINKS.has(error.code ?? ''))
      throw new HoldfastError(
        'STORE_NOT_CREATE_ONLY',
        { path, reason: `hard links: ${error.code}` },
        { cause: error },
      );
    if (error.code !== 'EEXIST' || !(await lstat(path)).isFile()) throw error;
    throw new HoldfastError('OBJECT_EXISTS', { path }, { cause: error });
  });
}

/** Creates what is missing and syncs each parent, so that a name never outlives its folder. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let path = folder; path !== dirname(first); path = dirname(path)) await syncFolder(path);
  await syncFolder(dirname(first));
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

async function* listBelow(
  folder: string,
  prefix: string,
  startAfter: string,
  signal: AbortSignal | undefined,
): AsyncIterable<{ name: string; bytes: number }> {
  signal?.throwIfAborted();
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((error: unknown) =>
    isMissing(error) ? [] : Promise.reject(storeError(error, { name: prefix })),
  );
  // A folder sorts as its names do: with the slash that follows it.
  const keys = entries
    .filter(({ name }) => isName(name))
    .map((entry) => (entry.isDirectory() ? `${prefix}${entry.name}/` : `${prefix}${entry.name}`));
  for (const key of keys.toSorted()) {
    if (key.endsWith('/')) {
      if (key > startAfter || startAfter.startsWith(key)) yield* listBelow(folder, key, startAfter, signal);
    } else if (key > startAfter) {
      const stat = await lstat(join(folder, key)).catch(() => undefined);
      if (stat?.isFile() === true) yield { name: key, bytes: stat.size };
    }
  }
}

/** No object has this name: nothing there, a folder, or a file where a folder would have to be. */
function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code);
}

function storeError(
  error: unknown,
  { name, signal }: { name: string; signal?: AbortSignal | undefined },
): HoldfastError {
  if (error instanceof HoldfastError) return error;
  signal?.throwIfAborted();
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new HoldfastError(
    full ? 'STORE_FULL' : 'STORE_REFUSED',
    { object: name, reason: code },
    { cause: error },
  );
}
