/** Some at once, and no promise for what is still to come: of twenty thousand they would be most of the memory. */
export async function inTurns<T>(
  all: Iterable<T>,
  atOnce: number,
  work: (each: T) => Promise<void>,
): Promise<void> {
  const left = Iterator.from(all);
  const worker = async () => {
    for (const each of left) await work(each);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
