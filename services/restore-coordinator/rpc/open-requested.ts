import { HoldfastError } from '#libs/kernel/errors.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { isFinished, type RunState } from '#libs/saga/fold.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { presentRun } from '../domain/present.ts';
import { requireRequestId } from '../domain/request-id.ts';
import type { CoordinatorPorts, RunRequest } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

export interface Requested {
  readonly deployment: string;
  readonly requestId: string;
}

type Choice = Pick<RunRequest, 'parameters' | 'relocationJson'> & { readonly specVersion?: number };

/**
 * Opens a run once per `request_id`. A request that came before gets its run, and nothing is chosen anew: what it spoke
 * of may be another, or gone, by now. `choose` is told what was chosen when the run could not be opened then.
 */
export async function openRequested(
  kind: RunRequest['kind'],
  { deployment, requestId }: Requested,
  { principal }: CallContext,
  ports: CoordinatorPorts,
  choose: (before?: RunHeader) => Promise<Choice>,
) {
  const key = requireRequestId(requestId);
  const known = await findRun(runIdOf({ kind: 'request', deployment, key }), ports);
  const chosen =
    known !== undefined && (known.epoch > 0 || isFinished(known))
      ? known.header
      : { specVersion: (await ports.specs.read(deployment)).version, ...(await choose(known?.header)) };
  const { specVersion, parameters, relocationJson = '' } = chosen;
  const asked = { kind, deployment, specVersion, principal, parameters, relocationJson };
  const state = await ports.runs.open({ ...asked, origin: 'request', key });
  return presentRun(state, sagaOf(state.header));
}

async function findRun(runId: string, { runs }: CoordinatorPorts): Promise<RunState | undefined> {
  try {
    return await runs.read(runId);
  } catch (thrown) {
    if (HoldfastError.from(thrown).code === 'RUN_NOT_FOUND') return undefined;
    throw thrown;
  }
}
