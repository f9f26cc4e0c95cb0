/**
 * Some at once, and no promise for what is still to come: of twenty thousand they would be most of the memory. After the
 * first that fails none is begun.
 */
export async function inTurns<T>(
  all: readonly T[],
  atOnce: number,
  work: (each: T) => Promise<void>,
): Promise<void> {
  const left = all.values();
  let failed = false;
  const worker = async () => {
    for (const each of left) {
      if (failed) return;
      try {
        await work(each);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
