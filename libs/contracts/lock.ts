import { z } from 'zod';

/** Ten years and a leap day's worth more: nobody can take back what a slip of the hand has locked. */
const DAYS_MAX = 3_660;

const days = z
  .string()
  .regex(/^[1-9]\d{0,3}d$/, 'wanted: a number of days, such as 60d')
  .refine((text) => Number.parseInt(text, 10) <= DAYS_MAX, `wanted: ${DAYS_MAX}d at most`);

/** `policy.lock`: how long the store keeps the first backup of a day, week, month and year, whoever wants it gone. */
export const lock = z
  .strictObject({
    daily: days.optional(),
    weekly: days.optional(),
    monthly: days.optional(),
    yearly: days.optional(),
  })
  .refine((rules) => Object.keys(rules).length > 0, 'wanted: at least one of daily, weekly, monthly, yearly');
export type Lock = z.infer<typeof lock>;
