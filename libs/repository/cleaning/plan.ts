/** A pack as cleaning sees it; bytes of its chunks as sealed. */
export interface PackFacts {
  readonly name: string;
  readonly epoch: number;
  readonly bytes: number;
  readonly neededBytes: number;
  /** Somebody who came before the list needs it all the same: until that is written again, it cannot go. */
  readonly isCondemned: boolean;
  /** False where it may be a running backup's, or may hold a chunk that is missing elsewhere. */
  readonly mayGo: boolean;
}

export interface CleaningPlan {
  /** Nothing in them is needed. */
  readonly dead: readonly string[];
  /** What is needed of them is written again: condemned ones first, then those of little use, then of an old key epoch. */
  readonly repack: readonly {
    readonly name: string;
    readonly neededBytes: number;
    readonly isResealed: boolean;
  }[];
}

/** A pack of which less than this is needed is written again. */
const USE_MIN = 0.5;

/** Pure. */
export function planCleaning(
  packs: readonly PackFacts[],
  { newestEpoch, repackBytesMax }: { newestEpoch: number; repackBytesMax: number },
): CleaningPlan {
  const dead = packs.filter(
    ({ neededBytes, isCondemned, mayGo }) => neededBytes === 0 && !isCondemned && mayGo,
  );
  const used = packs.filter(({ neededBytes }) => neededBytes > 0);
  const rankOf = ({ isCondemned, bytes, neededBytes, epoch }: PackFacts): number | undefined => {
    if (isCondemned) return 0;
    if (neededBytes < USE_MIN * bytes) return 1;
    return epoch < newestEpoch ? 2 : undefined;
  };
  const ranked = used.flatMap((pack) => {
    const rank = rankOf(pack);
    return rank === undefined ? [] : [{ ...pack, rank, waste: pack.bytes - pack.neededBytes }];
  });
  let left = repackBytesMax;
  const repack = [];
  for (const { name, epoch, neededBytes } of ranked.toSorted(
    (a, b) => a.rank - b.rank || b.waste - a.waste,
  )) {
    left -= neededBytes;
    // One at least, or a pack that is larger than all that is allowed would never have its turn.
    if (left < 0 && repack.length > 0) break;
    repack.push({ name, neededBytes, isResealed: epoch < newestEpoch });
  }
  return { dead: dead.map(({ name }) => name), repack };
}
