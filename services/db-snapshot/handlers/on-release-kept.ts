import { releaseRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { keptName, sidePrefix } from '../domain/names.ts';
import { isSpare } from '../domain/switch.ts';
import type { DbSnapshotPorts } from '../ports.ts';

/** Drops the databases that finished restores keep: only names that such a restore gives. */
export async function onReleaseKept(
  request: Json,
  { spec, signal }: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  const { states } = parseWith(releaseRequest, request, 'ReleaseKept');
  const names = states.flatMap(({ ofRun, staged }) => {
    const pair: readonly string[] = spec.database.spare?.names ?? [];
    const own =
      staged.component === 'database' &&
      (isSpare(staged)
        ? pair.includes(staged.side) && pair.includes(staged.kept)
        : staged.kept === keptName(staged.live, ofRun) &&
          staged.side.startsWith(sidePrefix(staged.live, ofRun)));
    if (!own)
      throw new HoldfastError('MESSAGE_MALFORMED', { verb: 'ReleaseKept', wanted: `databases of ${ofRun}` });
    return [staged.kept, staged.side];
  });
  return { removed: [...(await target.drop(spec, names, signal))] };
}
