/** The same draws for the same seed: mulberry32. */
export function seededOrder(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  const shuffle = <T>(given: readonly T[]): T[] => {
    const shuffled = [...given];
    for (let at = shuffled.length - 1; at > 0; at -= 1) {
      const other = below(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
    }
    return shuffled;
  };
  return {
    /** From 0 to below 1. */
    fraction: next,
    pick: <T>(from: readonly T[]): T => from[below(from.length)]!,
    shuffle,
    /** So many, as often each as any other. */
    deal<T>(from: readonly T[], count: number): T[] {
      const dealt: T[] = [];
      while (from.length > 0 && dealt.length < count) dealt.push(...shuffle(from));
      return dealt.slice(0, count);
    },
  };
}
