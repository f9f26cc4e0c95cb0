import { randomBytes } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from './port.ts';

const CONTENDERS = 4;

/** Several contenders for one new name: exactly one may win. Leaves nothing behind. Throws STORE_NOT_CREATE_ONLY. */
export async function probeCreateOnly(
  store: ObjectStore,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  const name = `probe/${randomBytes(12).toString('hex')}`;
  const options = { createOnly: true, ...(signal === undefined ? {} : { signal }) };
  try {
    const contenders = Array.from({ length: CONTENDERS }, (_, n) =>
      store.put(name, Buffer.from(String(n)), options),
    );
    const outcomes = await Promise.allSettled(contenders);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected' && HoldfastError.from(outcome.reason).code !== 'OBJECT_EXISTS')
        throw outcome.reason;
    }
    const winners = outcomes.flatMap((outcome, n) => (outcome.status === 'fulfilled' ? [String(n)] : []));
    const kept = (await store.get(name)).toString();
    if (winners.length !== 1 || winners[0] !== kept)
      throw new HoldfastError('STORE_NOT_CREATE_ONLY', { store: store.name, winners: winners.length });
  } finally {
    await store.delete(name).catch(() => {});
  }
}
