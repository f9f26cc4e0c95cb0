import { HoldfastError } from '#libs/kernel/errors.ts';

/** Looks at all of them. Damage is what is looked for; a store that does not answer is no verdict, and throws. */
export async function findDamage<T>(
  all: Iterable<T>,
  look: (each: T) => Promise<unknown>,
): Promise<readonly { readonly of: T; readonly error: HoldfastError }[]> {
  const damaged = [];
  for (const each of all)
    try {
      await look(each);
    } catch (thrown) {
      const error = HoldfastError.from(thrown);
      if (error.entry.retry !== 'corrupt') throw error;
      damaged.push({ of: each, error });
    }
  return damaged;
}
