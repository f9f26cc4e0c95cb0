import { HoldfastError } from '#libs/kernel/errors.ts';
import { staged, type Staged } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Outcomes } from '#libs/saga/define.ts';
import { outcomesOf, type RunState } from '#libs/saga/fold.ts';
import type { LogEntry } from '#libs/saga/log.ts';

/** A restore whose states wait for release: the old one, or, once it was rolled back, the restored one. */
export interface KeptState {
  readonly runId: string;
  readonly backupId: string;
  readonly rolledBack: boolean;
}

/** Newest first. Pure. */
export function keptStates(entries: readonly LogEntry[]): readonly KeptState[] {
  const kept = new Map<string, KeptState>();
  for (const { event } of entries) {
    if (event.kind === 'restored' && event.kept !== false) {
      const { runId, backupId } = event;
      kept.set(runId, { runId, backupId, rolledBack: false });
    }
    const back = event.kind === 'rolled-back' ? kept.get(event.restoreRunId) : undefined;
    if (back !== undefined) kept.set(back.runId, { ...back, rolledBack: true });
    if (event.kind === 'released') for (const runId of event.restoreRunIds) kept.delete(runId);
  }
  return [...kept.values()].toReversed();
}

export function requireKept(states: readonly KeptState[], deployment: string): KeptState {
  const [newest] = states;
  if (newest === undefined)
    throw new HoldfastError(
      'NOT_FOUND',
      { deployment },
      { message: `no restore of ${deployment} keeps an old state` },
    );
  return newest;
}

/** Of the living system, and not beside it; undefined before the first. Pure. */
export function newestRestore(entries: readonly LogEntry[]): string | undefined {
  const isOne = ({ event }: LogEntry) => event.kind === 'restored' && event.kept !== false;
  const event = entries.findLast(isOne)?.event;
  return event?.kind === 'restored' ? event.runId : undefined;
}

/** Places of a finished restore, as its journal has them. */
export function stagedOf(state: RunState): readonly KeptPlace[] {
  return stagedParts(outcomesOf(state)).map((part) => ({ ofRun: state.header.runId, ...part }));
}

export interface KeptPlace {
  readonly ofRun: string;
  readonly staged: Staged;
  /** Absent: `local`. */
  readonly site?: string;
}

const STAGE_STEP = /^stage\.(?:database|files|config)(?:\.(?<site>.+))?$/;

/** What was staged, in the order in which it was. */
export function stagedParts(outcomes: Outcomes): readonly Omit<KeptPlace, 'ofRun'>[] {
  return Object.entries(outcomes).flatMap(([step, outcome]) => {
    const match = STAGE_STEP.exec(step);
    if (match === null) return [];
    const site = match.groups?.['site'];
    return [
      { ...(site === undefined ? {} : { site }), staged: parseWith(staged, outcome, `outcome of ${step}`) },
    ];
  });
}

/** Where a restore beside the living system lies now. */
export function placesOf(outcomes: Outcomes): readonly string[] {
  return stagedParts(outcomes).flatMap(({ staged }) =>
    staged.component === 'database' ? [`database ${staged.live}`] : staged.roots.map(({ path }) => path),
  );
}
