import { isWhole } from '#libs/contracts/manifest.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { presentRun } from '../domain/present.ts';
import { requireRequestId } from '../domain/request-id.ts';
import { chooseBackup, drillOf } from '../domain/trial.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { sagaOf } from '../sagas/all.ts';

/** Opens a drill, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND, BACKUP_NOT_FOUND, RUN_IN_PROGRESS. */
export async function startDrill(
  request: { deployment: string; backupId: string; requestId: string },
  { principal }: CallContext,
  ports: CoordinatorPorts,
) {
  const key = requireRequestId(request.requestId);
  const { deployment } = request;
  const backupId =
    request.backupId === 'random'
      ? chooseBackup(await soundIds(deployment, ports), deployment, key)
      : request.backupId || 'latest';
  return presentDrill(await openDrill({ deployment, backupId, principal, origin: 'request', key }, ports));
}

export async function openDrill(
  wish: {
    readonly deployment: string;
    readonly backupId: string;
    readonly principal: string;
    readonly origin: 'request' | 'slot';
    readonly key: string;
  },
  { specs, manifests, runs }: CoordinatorPorts,
) {
  const { deployment, backupId, principal, origin, key } = wish;
  const { version: specVersion } = await specs.read(deployment);
  const parameters = drillOf(await manifests.read(deployment, backupId));
  return runs.open({ kind: 'drill', deployment, specVersion, principal, origin, key, parameters });
}

function presentDrill(state: Awaited<ReturnType<typeof openDrill>>) {
  return presentRun(state, sagaOf(state.header));
}

async function soundIds(deployment: string, { manifests }: CoordinatorPorts): Promise<readonly string[]> {
  const listed = await Array.fromAsync(manifests.list(deployment));
  return listed.flatMap((entry) =>
    'manifest' in entry && isWhole(entry.manifest) ? [entry.manifest.backupId] : [],
  );
}
