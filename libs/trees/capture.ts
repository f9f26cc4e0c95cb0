import { lstat, readlink } from 'node:fs/promises';
import type { RootFacts, TreeRecord, TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ChunkWriter } from '#libs/repository/port.ts';
import { attributesOf } from './attributes.ts';
import { isGone, type Disk } from './disk.ts';
import { excludeMatcher } from './exclude.ts';
import { inOrder } from './in-order.ts';
import { LeftOut } from './left-out.ts';
import { showPath, TOP } from './paths.ts';
import type { SmallFile } from './port.ts';
import { readFileSettled } from './read-file.ts';
import { walkTree, type Found } from './walk.ts';

/** Files being read at once: enough to hide the store's latency for small ones, little memory for large ones. */
const FILES_IN_FLIGHT = 8;
/** What counts as a small file: certificates, keys, settings. */
export const SMALL_BYTES_MAX = 256 * 1024;
const UNSETTLED_NAMED_MAX = 500;

export interface CaptureOptions {
  readonly disk: Disk;
  readonly writer: ChunkWriter;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  readonly onSmallFile?: (file: SmallFile) => void;
}

/** Reads roots into records; what is noted on the way is complete when the records have ended. */
export class Capture {
  readonly leftOut = new LeftOut();
  readonly roots: RootFacts[] = [];
  readonly unsettled: string[] = [];
  readonly #options: CaptureOptions;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  async *records(roots: readonly TreeRoot[]): AsyncIterable<TreeRecord> {
    for (const root of roots) {
      for (const pattern of root.exclude)
        this.leftOut.add(`${root.name}: ${pattern}`, 'excluded by the spec', false);
      yield* this.#recordsOf(root);
    }
  }

  async *#recordsOf(root: TreeRoot): AsyncIterable<TreeRecord> {
    const counts = { files: 0, folders: 0, links: 0, bytes: 0 };
    const reader = new RootReader(root, this.leftOut, this.#options);
    for await (const record of inOrder(reader.walk(), FILES_IN_FLIGHT, (found) => reader.recordOf(found))) {
      // A sign of life, for a tree may hold much and weigh nothing.
      this.#options.onBytes(0);
      if (record === undefined) continue;
      count(counts, record);
      this.#noteUnsettled(record);
      yield record;
    }
    if (!reader.present && !root.optional)
      throw new HoldfastError('ROOT_MISSING', { root: root.name, path: root.path, reason: 'it vanished' });
    const state = reader.present ? 'captured' : 'absent';
    this.roots.push({ name: root.name, path: root.path, state, ...counts });
  }

  #noteUnsettled(record: TreeRecord): void {
    if (record.kind !== 'file' || record.unsettled === undefined) return;
    const name = nameOf(record.root, record.path);
    if (this.unsettled.length < UNSETTLED_NAMED_MAX) this.unsettled.push(name);
    const grew = record.unsettled === 'grew';
    this.leftOut.add(
      name,
      grew
        ? 'grew while it was read: what was written later is not here'
        : 'changed while it was read, twice',
      !grew,
    );
  }
}

/** One root: hard links are names of one inode, so their first path is remembered until the last was seen. */
class RootReader {
  present = false;
  readonly #root: TreeRoot;
  readonly #leftOut: LeftOut;
  readonly #options: CaptureOptions;
  readonly #inodes = new Map<string, { left: bigint; first: Promise<TreeRecord | undefined> }>();

  constructor(root: TreeRoot, leftOut: LeftOut, options: CaptureOptions) {
    this.#root = root;
    this.#leftOut = leftOut;
    this.#options = options;
  }

  async *walk(): AsyncIterable<Found> {
    const excluded = excludeMatcher(this.#root.exclude);
    const { signal } = this.#options;
    const onUnreadable = (path: string, code: string): void =>
      this.#leave(path, `cannot be read (${code})`, true);
    for await (const found of walkTree(this.#root.path, { excluded, onUnreadable, signal })) {
      this.present = true;
      yield found;
    }
  }

  recordOf(found: Found): Promise<TreeRecord | undefined> {
    const { stat } = found;
    if (stat.isDirectory()) return Promise.resolve({ ...this.#base(found), kind: 'folder' });
    if (stat.isSymbolicLink()) return this.#symlink(found);
    if (!stat.isFile()) {
      this.#leave(found.path, `is a ${oddKind(stat)}: it has no content`, false);
      return Promise.resolve(undefined);
    }
    return stat.nlink > 1n ? this.#linked(found) : this.#file(found);
  }

  #linked(found: Found): Promise<TreeRecord | undefined> {
    const key = `${found.stat.dev}:${found.stat.ino}`;
    const known = this.#inodes.get(key);
    const made =
      known === undefined
        ? this.#file(found)
        : known.first.then((first) => (first === undefined ? this.#file(found) : this.#link(found, first)));
    const left = (known?.left ?? found.stat.nlink) - 1n;
    if (left <= 0n) this.#inodes.delete(key);
    // A first name that could not be read leaves the turn to the next.
    else this.#inodes.set(key, { left, first: known === undefined ? made : firstOf(known.first, made) });
    return made;
  }

  #link(found: Found, first: TreeRecord): TreeRecord {
    const { mode, uid, gid, mtimeNs } = first;
    return { ...this.#base(found), mode, uid, gid, mtimeNs, kind: 'link', same: first.path };
  }

  async #symlink(found: Found): Promise<TreeRecord | undefined> {
    try {
      const target = await readlink(found.full, { encoding: 'buffer' });
      return { ...this.#base(found), kind: 'symlink', target: target.toString('latin1') };
    } catch (error) {
      if (isGone(error)) return undefined;
      this.#leave(found.path, 'became something else while it was read', true);
      return undefined;
    }
  }

  async #file(found: Found): Promise<TreeRecord | undefined> {
    const { onSmallFile } = this.#options;
    const keepBytesMax = onSmallFile === undefined ? -1 : SMALL_BYTES_MAX;
    const reading = await readFileSettled(found.full, { ...this.#options, keepBytesMax });
    switch (reading.kind) {
      case 'gone':
        await this.#stillGone(found);
        return undefined;
      case 'unreadable':
        this.#leave(found.path, reading.reason, true);
        return undefined;
      case 'read': {
        const { stat, data, unsettled, content } = reading;
        if (content !== undefined) onSmallFile?.({ root: this.#root.name, path: found.path, content });
        const flag = unsettled === undefined ? {} : { unsettled };
        return { ...this.#base({ ...found, stat }), kind: 'file', data, ...flag };
      }
    }
  }

  /** Replaced by rename while it was opened, it is there under its name again: then it was not read. */
  async #stillGone(found: Found): Promise<void> {
    const there = await lstat(found.full).then(
      () => true,
      () => false,
    );
    if (there) this.#leave(found.path, 'was replaced while it was read', true);
  }

  #leave(path: string, reason: string, partial: boolean): void {
    this.#leftOut.add(nameOf(this.#root.name, path), reason, partial);
  }

  #base({ path, stat }: Pick<Found, 'path' | 'stat'>) {
    return { root: this.#root.name, path, ...attributesOf(stat) };
  }
}

async function firstOf(
  known: Promise<TreeRecord | undefined>,
  next: Promise<TreeRecord | undefined>,
): Promise<TreeRecord | undefined> {
  return (await known) ?? (await next);
}

function count(counts: { files: number; folders: number; links: number; bytes: number }, record: TreeRecord) {
  switch (record.kind) {
    case 'folder':
      counts.folders += 1;
      return;
    case 'file':
      counts.files += 1;
      counts.bytes += record.data.bytes;
      return;
    case 'link':
    case 'symlink':
      counts.links += 1;
      return;
  }
}

function nameOf(root: string, path: string): string {
  return path === TOP ? root : `${root}/${showPath(path)}`;
}

function oddKind(stat: Found['stat']): string {
  if (stat.isSocket()) return 'socket';
  return stat.isFIFO() ? 'FIFO' : 'device';
}
