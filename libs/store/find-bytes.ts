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
