import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findBytes, putFirst, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { compareListings, type Listed } from './listings.ts';
import { damageCode, proveObject, type Knowledge } from './prove.ts';

/** Packs in memory at once; with their room some 70 MiB. */
const IN_FLIGHT_MAX = 4;

/** What was not copied, and why. */
export interface LeftOut {
  readonly code: ErrorCode;
  readonly object: string;
  readonly reason: string;
}

interface CopierDeps {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly knowledge: Knowledge;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: { readonly bytes: number; readonly bytesTotal: number }) => void) | undefined;
}

/** Copies objects that the other store lacks, a few at once, and keeps count. What is damaged is named and left out. */
export class Copier {
  readonly leftOut: LeftOut[] = [];
  copied = 0;
  bytes = 0;
  /** Objects that were listed and were deleted before they were read. */
  gone = 0;
  bytesTotal = 0;
  readonly #deps: CopierDeps;

  constructor(deps: CopierDeps) {
    this.#deps = deps;
  }

  /** What the other store lacks below a prefix; `onHeld` is told what it has. */
  async missing(prefix: string, onHeld: (name: string) => void = () => {}): Promise<readonly Listed[]> {
    const missing: Listed[] = [];
    for await (const { from, to } of compareListings(prefix, this.#deps))
      if (to !== undefined) onHeld(to.name);
      else if (from !== undefined) missing.push(from);
    this.bytesTotal += missing.reduce((sum, { bytes }) => sum + bytes, 0);
    return missing;
  }

  async copyAll(objects: readonly Listed[], onCopied: (name: string) => void = () => {}): Promise<void> {
    await eachOf(objects, async ({ name }) => {
      if (await this.copy(name)) onCopied(name);
    });
  }

  /** Groups beside each other, the objects of a group in their order. */
  async copyGroups(groups: Iterable<readonly Listed[]>): Promise<void> {
    await eachOf([...groups], async (objects) => {
      for (const { name } of objects) await this.copy(name);
    });
  }

  /** False when it is gone, or damaged. */
  async copy(name: string): Promise<boolean> {
    const { from, to, knowledge, signal } = this.#deps;
    signal?.throwIfAborted();
    const bytes = await findBytes(from, name, signalOption(signal));
    if (bytes === undefined) {
      this.gone += 1;
      return false;
    }
    if (proveObject(name, bytes, knowledge) === 'damaged') {
      this.leaveOut(name, 'bytes are not those that its name, its signature or what cites it demand');
      return false;
    }
    await putFirst(to, name, bytes, signal);
    this.count(bytes.length);
    return true;
  }

  count(bytes: number): void {
    this.copied += 1;
    this.bytes += bytes;
    const { bytesTotal } = this;
    this.#deps.onProgress?.({ bytes: this.bytes, bytesTotal: Math.max(bytesTotal, this.bytes) });
  }

  leaveOut(object: string, reason: string, code: ErrorCode = damageCode(object)): void {
    this.leftOut.push({ code, object, reason });
  }

  /** Damage that the work meets is told, and the rest goes on. */
  async orLeaveOut(object: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const { code, entry, message, details } = HoldfastError.from(thrown);
      if (entry.retry !== 'corrupt') throw thrown;
      const named = details['object'];
      this.leaveOut(typeof named === 'string' ? named : object, message, code);
    }
  }
}

/** The first failure ends it, when what is under way has ended. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of rest) {
      if (failures.length > 0) return;
      await work(item).catch((thrown: unknown) => failures.push(thrown));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, worker));
  if (failures.length > 0) throw failures[0];
}
