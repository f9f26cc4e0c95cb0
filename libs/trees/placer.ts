import { constants } from 'node:fs';
import { link, lstat, mkdir, open, symlink } from 'node:fs/promises';
import type { TreeRecord } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StreamRef } from '#libs/repository/port.ts';
import { applyAttributes, applyToHandle, syncFolder } from './attributes.ts';
import { fullPath, parentPath, requireInside, showPath, TOP } from './paths.ts';

/** Files being written at once; each holds one piece of content. */
const FILES_IN_FLIGHT = 8;

export interface PlacerOptions {
  readonly read: (ref: StreamRef) => AsyncIterable<Uint8Array>;
  readonly onBytes: (bytes: number) => void;
}

interface OpenFolder {
  readonly record: TreeRecord;
  readonly tasks: Set<Promise<void>>;
}

/**
 * Writes the records of one root below a folder that nobody else uses, in the order of the walk. A folder gets its mode
 * and time when the walk has left it. Nothing is written through a link: an entry's folder must be one that is open.
 */
export class Placer {
  readonly #top: string;
  readonly #options: PlacerOptions;
  /** The folders the walk is in, outermost first. */
  readonly #open: OpenFolder[] = [];
  readonly #tasks = new Set<Promise<void>>();
  #failure: unknown;

  constructor(top: string, options: PlacerOptions) {
    this.#top = top;
    this.#options = options;
  }

  async add(record: TreeRecord): Promise<void> {
    requireInside(record.root, record.path);
    await this.#leaveUntil(record);
    const full = fullPath(this.#top, record.path);
    switch (record.kind) {
      case 'folder':
        await mkdir(full, 0o700);
        this.#open.push({ record, tasks: new Set() });
        return;
      case 'symlink':
        await symlink(Buffer.from(record.target, 'latin1'), full);
        await applyAttributes(full, record, true);
        return;
      case 'link':
        await this.#settle(this.#tasks);
        await link(await this.#requirePlaced(record), full);
        return;
      case 'file':
        await this.#start(() => this.#writeFile(full, record));
        return;
    }
  }

  /** Everything is durable when it returns. */
  async end(): Promise<void> {
    while (this.#open.length > 0) await this.#close();
    await this.#settle(this.#tasks);
  }

  /** After a failure: nothing of it is being written any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#tasks);
  }

  async #leaveUntil(record: TreeRecord): Promise<void> {
    if (record.path === TOP) return;
    const parent = parentPath(record.path);
    while (this.#open.length > 0 && this.#open.at(-1)!.record.path !== parent) await this.#close();
    if (this.#open.length === 0)
      throw new HoldfastError('PATH_ESCAPES_ROOT', { root: record.root, path: showPath(record.path) });
  }

  async #close(): Promise<void> {
    const { record, tasks } = this.#open.pop()!;
    await this.#settle(tasks);
    const full = fullPath(this.#top, record.path);
    await syncFolder(full);
    await applyAttributes(full, record);
  }

  async #start(work: () => Promise<void>): Promise<void> {
    while (this.#tasks.size >= FILES_IN_FLIGHT) await Promise.race(this.#tasks);
    if (this.#failure !== undefined) throw this.#failure;
    const sets = [this.#tasks, this.#open.at(-1)?.tasks].filter((set) => set !== undefined);
    const task = work()
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => sets.forEach((set) => set.delete(task)));
    for (const set of sets) set.add(task);
  }

  async #settle(tasks: ReadonlySet<Promise<void>>): Promise<void> {
    await Promise.all(tasks);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #writeFile(full: Buffer, record: Extract<TreeRecord, { kind: 'file' }>): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const handle = await open(full, flags, 0o600);
    try {
      for await (const part of this.#options.read(record.data)) {
        for (let at = 0; at < part.length;) at += (await handle.write(part, at)).bytesWritten;
        this.#options.onBytes(part.length);
      }
      await applyToHandle(handle, record);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Byte path of the file a hard link is another name of: one of ours, reached through real folders alone. */
  async #requirePlaced(record: Extract<TreeRecord, { kind: 'link' }>): Promise<Buffer> {
    requireInside(record.root, record.same);
    for (let path = parentPath(record.same); path !== TOP; path = parentPath(path)) {
      if (!(await lstat(fullPath(this.#top, path))).isDirectory()) throw this.#escapes(record);
    }
    const target = fullPath(this.#top, record.same);
    if (!(await lstat(target)).isFile()) throw this.#escapes(record);
    return target;
  }

  #escapes({ root, path }: TreeRecord): HoldfastError {
    return new HoldfastError('PATH_ESCAPES_ROOT', { root, path: showPath(path) });
  }
}
