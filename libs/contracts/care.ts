import { z } from 'zod';

/** Verbs that look after what is stored: copies of it, damage in it (protos/README.md). */

/** Replicate: what the second store lacks is copied there. */
export const replicateRequest = z.object({});

/** What was not copied or not put back, and why. */
const leftOut = z.object({ code: z.string(), object: z.string(), reason: z.string() });

/** Lists of objects are cut; their counts are whole. */
const LISTED_MAX = 50;
export function firstOf<T>(all: readonly T[]): readonly T[] {
  return all.slice(0, LISTED_MAX);
}

/** Answer of Replicate. */
export const replicateOutcome = z.object({
  copied: z.int(),
  bytes: z.int(),
  deleted: z.int(),
  leftOut: z.array(leftOut),
  leftOutCount: z.int(),
});
export type ReplicateOutcome = z.infer<typeof replicateOutcome>;

/** `first` is the store that backups go to. */
export const WHICH_STORE = ['first', 'second'] as const;
export type WhichStore = (typeof WHICH_STORE)[number];

/** ScrubRepository: the share of a day, so that every pack is read again within `every`, or all packs. */
export const scrubRequest = z.object({
  every: z.string(),
  bytesPerSecond: z.int().optional(),
  /** When the run was opened: what the ledger has since then is its own. */
  since: z.string(),
});

/** As many as one command carries; the count is whole. */
export const DAMAGED_MAX = 1000;
const scrubbedStore = z.object({
  store: z.enum(WHICH_STORE),
  packs: z.int(),
  bytes: z.int(),
  /** Other objects that were looked at. */
  records: z.int(),
  damaged: z.array(leftOut),
  damagedCount: z.int(),
});
export type ScrubbedStore = z.infer<typeof scrubbedStore>;

/** Answer of ScrubRepository; what HealRepository is told. */
export const scrubOutcome = z.object({ stores: z.array(scrubbedStore) });
export type ScrubOutcome = z.infer<typeof scrubOutcome>;

/** Answer of HealRepository. */
export interface HealOutcome {
  readonly healed: readonly { readonly store: WhichStore; readonly object: string }[];
}
