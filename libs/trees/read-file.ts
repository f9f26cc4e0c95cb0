import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { ChunkWriter, StreamRef } from '#libs/repository/port.ts';
import { codeOf, isGone, type Disk } from './disk.ts';

export type FileReading =
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | {
      readonly kind: 'read';
      /** As it was when the kept bytes began to be read. */
      readonly stat: BigIntStats;
      readonly data: StreamRef;
      readonly unsettled?: 'grew' | 'changed';
      /** The bytes themselves, for small files when asked for. */
      readonly content?: Buffer;
    };

export interface ReadOptions {
  readonly disk: Disk;
  readonly writer: ChunkWriter;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** Files up to this size are handed out as well. */
  readonly keepBytesMax: number;
}

/**
 * Stores one file. Looked at before and after; when it moved it is read once more, and then kept with a flag: `grew`
 * when the first bytes were the same both times (a log being written), else `changed`.
 */
export async function readFileSettled(path: Buffer, options: ReadOptions): Promise<FileReading> {
  const first = await readOnce(path, options, 0);
  if (first.kind !== 'read' || isSettled(first)) return toReading(first);
  const second = await readOnce(path, options, first.data.bytes);
  if (second.kind !== 'read' || isSettled(second)) return toReading(second);
  const grew =
    first.data.bytes === Number(first.before.size) &&
    second.data.bytes === Number(second.before.size) &&
    second.prefix === first.data.sha256 &&
    second.after.size >= second.before.size;
  return toReading(second, grew ? 'grew' : 'changed');
}

type Once =
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | {
      readonly kind: 'read';
      readonly before: BigIntStats;
      readonly after: BigIntStats;
      readonly data: StreamRef;
      /** SHA-256 of the first bytes that were asked for. */
      readonly prefix: string;
      readonly kept: readonly Buffer[] | undefined;
    };

async function readOnce(path: Buffer, options: ReadOptions, prefixBytes: number): Promise<Once> {
  let failure: unknown;
  const failed = (error: unknown): never => {
    failure = error;
    throw error;
  };
  try {
    await using file = await options.disk.open(path).catch(failed);
    const before = await file.stat().catch(failed);
    if (!before.isFile()) return { kind: 'unreadable', reason: 'it became something else while it was read' };
    const taken = new Taken(prefixBytes, Number(before.size) <= options.keepBytesMax);
    const source = taken.pass(file.read(Number(before.size)), failed);
    const { signal, onBytes } = options;
    const data = await options.writer.writeStream(source, { signal, onBytes });
    const after = await file.stat().catch(failed);
    return { kind: 'read', before, after, data, prefix: taken.prefix(), kept: taken.kept };
  } catch (error) {
    // The store's failures are not the file's.
    if (failure === undefined) throw error;
    return isGone(failure)
      ? { kind: 'gone' }
      : { kind: 'unreadable', reason: `cannot be read (${codeOf(failure) || 'unknown error'})` };
  }
}

/** What is noted of the bytes as they pass. */
class Taken {
  readonly #hash = createHash('sha256');
  #prefixLeft: number;
  readonly kept: Buffer[] | undefined;

  constructor(prefixBytes: number, keep: boolean) {
    this.#prefixLeft = prefixBytes;
    this.kept = keep ? [] : undefined;
  }

  async *pass(source: AsyncIterable<Buffer>, failed: (error: unknown) => never): AsyncIterable<Buffer> {
    const reading = source[Symbol.asyncIterator]();
    for (;;) {
      const next = await reading.next().catch(failed);
      if (next.done === true) return;
      const part = next.value.subarray(0, this.#prefixLeft);
      this.#prefixLeft -= part.length;
      this.#hash.update(part);
      this.kept?.push(Buffer.from(next.value));
      yield next.value;
    }
  }

  prefix(): string {
    return this.#hash.digest('hex');
  }
}

function isSettled({ before, after, data }: Extract<Once, { kind: 'read' }>): boolean {
  return (
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs &&
    data.bytes === Number(before.size)
  );
}

function toReading(once: Once, unsettled?: 'grew' | 'changed'): FileReading {
  if (once.kind !== 'read') return once;
  return {
    kind: 'read',
    stat: once.before,
    data: once.data,
    ...(unsettled === undefined ? {} : { unsettled }),
    ...(once.kept === undefined ? {} : { content: Buffer.concat(once.kept) }),
  };
}
