/** A pack as cleaning sees it; bytes of its chunks as sealed. */
export interface PackFacts {
  readonly name: string;
  readonly epoch: number;
  readonly bytes: number;
  readonly neededBytes: number;
  /** False where it may be a running backup's, or may hold a chunk that is missing elsewhere. */
  readonly mayGo: boolean;
}

export interface CleaningPlan {
  /** Nothing in them is needed. */
  readonly dead: readonly string[];
  /** What is needed of them is written again: of little use first, then of an old key epoch. */
  readonly repack: readonly { readonly name: string; readonly isResealed: boolean }[];
}

/** A pack of which less than this is needed is written again. */
const USE_MIN = 0.5;

/** Pure. */
export function planCleaning(
  packs: readonly PackFacts[],
  { newestEpoch, repackBytesMax }: { newestEpoch: number; repackBytesMax: number },
): CleaningPlan {
  const dead = packs.filter(({ neededBytes, mayGo }) => neededBytes === 0 && mayGo);
  const used = packs.filter(({ neededBytes }) => neededBytes > 0);
  const sparse = used
    .filter(({ bytes, neededBytes }) => neededBytes < USE_MIN * bytes)
    .toSorted((a, b) => b.bytes - b.neededBytes - (a.bytes - a.neededBytes));
  const old = used.filter((pack) => pack.epoch < newestEpoch && !sparse.includes(pack));
  let left = repackBytesMax;
  const repack = [];
  for (const { name, epoch, neededBytes } of [...sparse, ...old]) {
    left -= neededBytes;
    // One at least, or a pack that is larger than all that is allowed would never have its turn.
    if (left < 0 && repack.length > 0) break;
    repack.push({ name, isResealed: epoch < newestEpoch });
  }
  return { dead: dead.map(({ name }) => name), repack };
}
