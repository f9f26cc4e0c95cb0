import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { BigIntStats } from 'node:fs';
import type { SeenEntry, Trees } from '../ports.ts';

/** Holdfast's own folder at the top of a root is not part of the tree. */
const OWN_FOLDER = '.holdfast';
const SEPARATOR = Buffer.from('/');

/** A walk of the verifier's own, so that a fault in taking or placing files cannot agree with itself. */
export const treeWalk: Trees = {
  async *walk(path, options) {
    const root = Buffer.from(path);
    yield* visit(root, Buffer.from('.'), options);
  },
  read: (path) => readFile(path),
};

async function* visit(
  root: Buffer,
  path: Buffer,
  options: { digest: boolean; signal: AbortSignal },
): AsyncIterable<SeenEntry> {
  options.signal.throwIfAborted();
  const full = isTop(path) ? root : join(root, path);
  const stat = await lstat(full, { bigint: true });
  yield await entryOf(full, path, stat, options);
  if (!stat.isDirectory()) return;
  const names = (await readdir(full, { encoding: 'buffer' })).toSorted((a, b) => Buffer.compare(a, b));
  for (const name of names) {
    if (isTop(path) && name.toString('latin1') === OWN_FOLDER) continue;
    yield* visit(root, isTop(path) ? name : join(path, name), options);
  }
}

async function entryOf(
  full: Buffer,
  path: Buffer,
  stat: BigIntStats,
  { digest, signal }: { digest: boolean; signal: AbortSignal },
): Promise<SeenEntry> {
  const kind = kindOf(stat);
  return {
    path: path.toString('latin1'),
    kind,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
    bytes: Number(stat.size),
    sha256: kind === 'file' && digest ? await digestOf(full, signal) : '',
    target: kind === 'symlink' ? (await readlink(full, { encoding: 'buffer' })).toString('latin1') : '',
    inode: `${stat.dev}:${stat.ino}`,
    links: Number(stat.nlink),
  };
}

function kindOf(stat: BigIntStats): SeenEntry['kind'] {
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'symlink';
  return stat.isFile() ? 'file' : 'other';
}

async function digestOf(path: Buffer, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest('hex');
}

function isTop(path: Buffer): boolean {
  return path.length === 1 && path[0] === 0x2e;
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, SEPARATOR, name]);
}
