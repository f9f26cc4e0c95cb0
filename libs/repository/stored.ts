import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';

export function signalOption(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Puts an object whose name nobody else can have: one that is there already is the same, put once before. Idempotent. */
export async function putNamed(
  store: ObjectStore,
  name: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await store.put(name, bytes, { createOnly: true, ...signalOption(signal) });
  } catch (error) {
    if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
  }
}
