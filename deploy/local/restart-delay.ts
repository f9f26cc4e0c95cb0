/** How patient the supervisor is. Tests make it hurry. */
export interface Pace {
  readonly restartMs: number;
  readonly restartMsMax: number;
  /** A process that lived this long starts its back-off again from the beginning. */
  readonly steadyMs: number;
  readonly healthMs: number;
  readonly probeEveryMs: number;
  readonly graceMs: number;
}

export const DEFAULT_PACE: Pace = {
  restartMs: 250,
  restartMsMax: 30_000,
  steadyMs: 60_000,
  // Five Node processes that start together on two busy cores need some ten seconds.
  healthMs: 90_000,
  probeEveryMs: 100,
  graceMs: 15_000,
};

/** Doubles with each failure up to the bound; the lower half is random, so that services do not restart in step. */
export function planRestartDelay(failures: number, pace: Pace, random: number): number {
  const full = Math.min(pace.restartMsMax, pace.restartMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}
