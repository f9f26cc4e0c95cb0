/** A run that is open and that nobody drives yet. */
export interface WaitingRun {
  readonly runId: string;
  readonly deployment: string;
  /** RFC 3339. */
  readonly openedAt: string;
}

/** What was driven for whom: deployments by the turn at which one of their runs was last begun, and how many run now. */
export interface Served {
  readonly lastTurn: ReadonlyMap<string, number>;
  readonly running: ReadonlyMap<string, number>;
}

/**
 * In the order in which they begin: whoever has fewest runs under way, then who waited for a turn longest, and each
 * deployment's own in the order in which they came. A deployment that asks for a hundred runs is served as often as one
 * that asks for one. Pure.
 */
export function admissionOrder(waiting: readonly WaitingRun[], served: Served): readonly WaitingRun[] {
  const queues = Map.groupBy(waiting.toSorted(byAge), ({ deployment }) => deployment);
  // Of one deployment the second run is as good as begun after the first, and so on.
  const ranked = [...queues].flatMap(([deployment, runs]) =>
    runs.map((run, ahead) => ({
      run,
      running: (served.running.get(deployment) ?? 0) + ahead,
      turn: served.lastTurn.get(deployment) ?? -1,
    })),
  );
  return ranked
    .toSorted((a, b) => a.running - b.running || a.turn - b.turn || byAge(a.run, b.run))
    .map(({ run }) => run);
}

function byAge(a: WaitingRun, b: WaitingRun): number {
  if (a.openedAt !== b.openedAt) return a.openedAt < b.openedAt ? -1 : 1;
  return a.runId < b.runId ? -1 : 1;
}
