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
  context: StepContext,
  { target }: DbSnapshotPorts,
): Promise<Json> {
  const { spec } = context;
  const { states } = parseWith(releaseRequest, request, 'ReleaseKept');
  const names: string[] = [];
  const prefixes: string[] = [];
  for (const { ofRun, staged } of states) {
    if (staged.component !== 'database') throw foreign(ofRun);
    const prefix = sidePrefix(staged.live, ofRun);
    const pair: readonly string[] = spec.database.spare?.names ?? [];
    const own = isSpare(staged)
      ? pair.includes(staged.side) && pair.includes(staged.kept)
      : staged.kept === keptName(staged.live, ofRun) && staged.side.startsWith(prefix);
    if (!own) throw foreign(ofRun);
    names.push(staged.kept, staged.side);
    prefixes.push(prefix);
  }
  return { removed: [...(await target.drop(spec, { names, prefixes }, context))] };
}

function foreign(ofRun: string): HoldfastError {
  return new HoldfastError('MESSAGE_MALFORMED', { verb: 'ReleaseKept', wanted: `databases of ${ofRun}` });
}
