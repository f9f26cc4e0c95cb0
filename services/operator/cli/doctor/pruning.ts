import { keepText } from '#libs/contracts/keep.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Run } from '../front-door.ts';
import { durationText } from '../text.ts';
import { bad, ok, warning, type Finding } from './finding.ts';

/** One runs every day by itself: two missed ones are no chance. */
const LATE_MS = 2 * 86_400_000;

/** What is kept, and when it was last seen to. `runs`: prunes, newest first. Pure. */
export function pruneFinding(
  { deployment, policy: { keep } }: Pick<Spec, 'deployment' | 'policy'>,
  runs: readonly Pick<Run, 'runId' | 'state' | 'finishedAt'>[],
  now: number,
): Finding {
  const kept = keep === undefined ? 'every backup is kept' : `kept: ${keepText(keep)}`;
  const last = runs.find(({ finishedAt }) => finishedAt !== '');
  if (last === undefined) return ok(deployment, `${kept}; nothing was pruned so far`);
  if (last.state !== 'completed')
    return bad(
      deployment,
      `${kept}; the last prune ended as ${last.state}, ${last.finishedAt}`,
      `holdfast runs show ${last.runId}`,
    );
  const age = now - Date.parse(last.finishedAt);
  const said = `${kept}; last prune ${durationText(age)} ago`;
  return keep !== undefined && age > LATE_MS
    ? warning(deployment, said, `holdfast runs list ${deployment}; then: holdfast prune ${deployment}`)
    : ok(deployment, said);
}
