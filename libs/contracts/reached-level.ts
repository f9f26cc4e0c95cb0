/** One check of a verdict (VerifyService). */
interface JudgedCheck {
  readonly name: string;
  readonly level: number;
  readonly ok: boolean;
  readonly detail: string;
}

/** What a verdict found, and when. */
export interface JudgedAt {
  readonly at: string;
  readonly checks: readonly JudgedCheck[];
}

/** The highest level with a passed check and no failed one at or below it; -1 for none. Pure. */
export function reachedLevel(verdicts: readonly JudgedAt[]): number {
  const all = newestChecks(verdicts);
  const firstFailed = Math.min(...all.filter(({ ok }) => !ok).map(({ level }) => level));
  return Math.max(-1, ...all.filter(({ ok, level }) => ok && level < firstFailed).map(({ level }) => level));
}

/** Of checks with one name the newest counts, so that a repeated drill can put right what an earlier one met. Pure. */
export function newestChecks(verdicts: readonly JudgedAt[]): readonly JudgedCheck[] {
  const newest = new Map<string, JudgedCheck>();
  for (const { checks } of verdicts.toSorted((a, b) => (a.at < b.at ? -1 : 1)))
    for (const check of checks) newest.set(`${check.level} ${check.name}`, check);
  return [...newest.values()];
}
