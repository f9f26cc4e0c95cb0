import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from './port.ts';

/** Whole object or range; undefined when there is none. */
export async function findBytes(
  store: ObjectStore,
  name: string,
  options: { range?: { start: number; end: number }; signal?: AbortSignal } = {},
): Promise<Buffer | undefined> {
  try {
    return await store.get(name, options);
  } catch (error) {
    if (HoldfastError.from(error).code !== 'OBJECT_MISSING') throw error;
    return undefined;
  }
}

/** Create-only, where what is there already is as good: the same bytes, or the first of several. Idempotent. */
export async function putFirst(
  store: ObjectStore,
  name: string,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await store.put(name, bytes, { createOnly: true, ...signalOption(signal) });
  } catch (error) {
    if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
  }
}

export function signalOption(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
