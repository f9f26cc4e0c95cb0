/** A rule of `policy.keep`, and how its periods are named. */
export interface Unit {
  readonly rule: 'daily' | 'weekly' | 'monthly' | 'yearly';
  readonly nameOf: (day: Day) => string;
}

interface Day {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

const DAY_MS = 86_400_000;
const padded = (value: number, width = 2) => String(value).padStart(width, '0');

export const UNITS: readonly Unit[] = [
  { rule: 'daily', nameOf: ({ year, month, day }) => `${padded(year, 4)}-${padded(month)}-${padded(day)}` },
  { rule: 'weekly', nameOf: (day) => `week ${isoWeek(day)}` },
  { rule: 'monthly', nameOf: ({ year, month }) => `${padded(year, 4)}-${padded(month)}` },
  { rule: 'yearly', nameOf: ({ year }) => padded(year, 4) },
];

/** Names the period a time falls into, on the calendar of a time zone: `2026-11-27`, `week 2026-W48`, `2026-11`, `2026`. */
export type Calendar = (unit: Unit, time: string) => string;

/** Pure; one is made for many times. */
export function calendarIn(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  });
  return ({ nameOf }, time) => {
    const parts = format.formatToParts(new Date(time));
    const [year, month, day] = (['year', 'month', 'day'] as const).map((wanted) =>
      Number(parts.find(({ type }) => type === wanted)!.value),
    ) as [number, number, number];
    return nameOf({ year, month, day });
  };
}

/** ISO 8601: a week begins on Monday, and belongs to the year of its Thursday. */
function isoWeek({ year, month, day }: Day): string {
  const noon = Date.UTC(year, month - 1, day);
  const weekday = (new Date(noon).getUTCDay() + 6) % 7;
  const thursday = noon + (3 - weekday) * DAY_MS;
  const ofYear = new Date(thursday).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(ofYear, 0, 1)) / DAY_MS / 7) + 1;
  return `${padded(ofYear, 4)}-W${padded(week)}`;
}
