import { z } from 'zod';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson, jsonIfAny, type Json } from '#libs/kernel/json.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { isSignedJson } from './signed-json.ts';

const DIGITS = 8;
const signedSchema = z.object({ list: z.json(), signature: z.string() });

export interface NumberedList<T> {
  /** 0: there is none yet. */
  readonly n: number;
  readonly list: T | undefined;
}

/**
 * Signed lists under one folder, numbered from 1 without a gap, created once and never deleted: the newest tells all. It
 * is found by its name, so that no listing that is behind hides it.
 */
export class NumberedLists<T> {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #verifying: string;
  readonly #schema: z.ZodType<T>;
  readonly #damaged: (object: string) => HoldfastError;
  #newest: NumberedList<T> = { n: 0, list: undefined };

  constructor(parts: {
    readonly store: ObjectStore;
    /** Ends in `/`. */
    readonly prefix: string;
    /** Of the key that signs, hex. */
    readonly verifying: string;
    readonly schema: z.ZodType<T>;
    /** What reading the newest throws when it is not whole. */
    readonly damaged: (object: string) => HoldfastError;
  }) {
    this.#store = parts.store;
    this.#prefix = parts.prefix;
    this.#verifying = parts.verifying;
    this.#schema = parts.schema;
    this.#damaged = parts.damaged;
  }

  async newest(signal?: AbortSignal): Promise<NumberedList<T>> {
    let n = this.#newest.n === 0 ? await this.#lastListed(signal) : this.#newest.n;
    let bytes = n > this.#newest.n ? await this.#find(n, signal) : undefined;
    for (;;) {
      const next = await this.#find(n + 1, signal);
      if (next === undefined) break;
      bytes = next;
      n += 1;
    }
    if (n > this.#newest.n) this.#newest = { n, list: this.#open(n, bytes) };
    return this.#newest;
  }

  /** Throws OBJECT_EXISTS when somebody else was first. */
  async append(
    { n, list }: { n: number; list: T },
    sign: (bytes: Uint8Array) => string,
    signal?: AbortSignal,
  ): Promise<void> {
    const signature = sign(Buffer.from(canonicalJson(list as Json)));
    const bytes = Buffer.from(`${JSON.stringify({ list, signature })}\n`);
    await this.#store.put(this.#nameOf(n), bytes, { createOnly: true, ...signalOption(signal) });
    this.#newest = { n, list };
  }

  async #lastListed(signal: AbortSignal | undefined): Promise<number> {
    let last = 0;
    for await (const { name } of this.#store.list(this.#prefix, signalOption(signal)))
      last = Math.max(last, Number(/\/(\d{8})\.json$/.exec(name)?.[1] ?? 0));
    return last;
  }

  #find(n: number, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
    return findBytes(this.#store, this.#nameOf(n), signalOption(signal));
  }

  #open(n: number, bytes: Buffer | undefined): T {
    const isSigned = (list: unknown, signature: string) => isSignedJson(this.#verifying, list, signature);
    const list = bytes && openSignedList(bytes, this.#schema, isSigned);
    if (list === undefined) throw this.#damaged(this.#nameOf(n));
    return list;
  }

  #nameOf(n: number): string {
    return numberedName(this.#prefix, n);
  }
}

/** Undefined when it is not whole, or not signed. */
export function openSignedList<T>(
  bytes: Buffer,
  schema: z.ZodType<T>,
  isSigned: (list: unknown, signature: string) => boolean,
): T | undefined {
  const signed = signedSchema.safeParse(jsonIfAny(bytes)).data;
  if (signed === undefined || !isSigned(signed.list, signed.signature)) return undefined;
  return schema.safeParse(signed.list).data;
}

/** Of the `n`th object of a folder whose objects count from 1. */
export function numberedName(prefix: string, n: number): string {
  return `${prefix}${String(n).padStart(DIGITS, '0')}.json`;
}
