import { z } from 'zod';
import { lock } from './lock.ts';

const count = z.int().min(1).max(10_000);

/** `policy.keep`: so many of the newest; and of so many days, weeks, months and years that have a backup the newest of each. */
const keep = z.strictObject({
  last: count.default(3),
  daily: count.optional(),
  weekly: count.optional(),
  monthly: count.optional(),
  yearly: count.optional(),
});
export type Keep = z.infer<typeof keep>;

/** Keys of `policy`: which backups stay (absent: all), and how long the store itself keeps them (absent: not at all). */
export const retention = { keep: keep.optional(), lock: lock.optional() };

/** `last 3, daily 14`. Pure. */
export function keepText(policy: Keep): string {
  return Object.entries(policy)
    .flatMap(([rule, wanted]) => (wanted === undefined ? [] : [`${rule} ${wanted}`]))
    .join(', ');
}
