import { HoldfastError } from '#libs/kernel/errors.ts';
import { runIdOf } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import type { RunState } from '#libs/saga/fold.ts';
import type { KeptState } from '../domain/kept-states.ts';
import { presentRun } from '../domain/present.ts';
import { requireRequestId } from '../domain/request-id.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

export interface KeptRequest {
  readonly deployment: string;
  readonly requestId: string;
}

/** A request that came before gets its run: what it spoke of may be gone by now. */
export async function openKeptRun(
  kind: 'rollback' | 'release' | 'schedules',
  request: KeptRequest,
  { principal }: CallContext,
  ports: CoordinatorPorts,
  chooseStates: () => Promise<Json>,
) {
  const { deployment } = request;
  const key = requireRequestId(request.requestId);
  const known = await findRun(runIdOf({ kind: 'request', deployment, key }), ports);
  const { version: specVersion } = await ports.specs.read(deployment);
  const parameters = known?.header.parameters ?? (await chooseStates());
  const state = await ports.runs.open({
    kind,
    deployment,
    specVersion: known?.header.specVersion ?? specVersion,
    principal,
    origin: 'request',
    key,
    parameters,
  });
  return presentRun(state, sagaOf(state.header));
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

async function findRun(runId: string, { runs }: CoordinatorPorts): Promise<RunState | undefined> {
  try {
    return await runs.read(runId);
  } catch (thrown) {
    if (HoldfastError.from(thrown).code === 'RUN_NOT_FOUND') return undefined;
    throw thrown;
  }
}
