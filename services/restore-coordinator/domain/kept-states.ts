import { staged, type Staged } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { RunState } from '#libs/saga/fold.ts';
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

/** Places of a finished restore, as its journal has them. */
export function stagedOf({ header, steps }: RunState): readonly { ofRun: string; staged: Staged }[] {
  return ['database', 'files', 'config'].flatMap((component) => {
    const step = steps[`stage.${component}`];
    return step?.state === 'completed'
      ? [{ ofRun: header.runId, staged: parseWith(staged, step.outcome, `outcome of stage.${component}`) }]
      : [];
  });
}
