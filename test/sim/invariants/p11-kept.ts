import type { Facts } from '../facts.ts';
import type { Token } from '#libs/contracts/stage.ts';

/** Markers of what goes on now; everything else stays. */
const PASSING = /^(?:open|coordinators|probe)\//;

const CHECKPOINT = /^deployments\/[^/]+\/checkpoints\//;

/** P11: nothing that was committed is removed; a checkpoint only once a later one stands for it. */
export function nothingDeleted(name: string, { bucket }: Facts): string | undefined {
  if (PASSING.test(name)) return undefined;
  const [prefix] = CHECKPOINT.exec(name) ?? [];
  const isReplaced = (later: string): boolean =>
    prefix !== undefined && later.startsWith(prefix) && later > name;
  return [...bucket.objects.keys()].some(isReplaced) ? undefined : `${name} was deleted`;
}

/** P11: what a finished restore keeps is removed by a release that names it, and by nothing else. */
export function keptUntilReleased(what: string, { runId }: Token, facts: Facts): string | undefined {
  const kept = [...facts.runs.values()].find(
    (run) =>
      run.header?.kind === 'restore' && run.outcome === 'completed' && what.includes(run.runId.slice(0, 8)),
  );
  if (kept === undefined) return undefined;
  const { header } = facts.run(runId);
  const { restoreRunIds = [] } = (header?.parameters ?? {}) as { restoreRunIds?: readonly string[] };
  return header?.kind === 'release' && restoreRunIds.includes(kept.runId)
    ? undefined
    : `${what} was removed, and restore ${kept.runId.slice(0, 8)} keeps it`;
}
