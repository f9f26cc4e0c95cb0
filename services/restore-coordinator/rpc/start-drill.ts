import { isWhole } from '#libs/contracts/manifest.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import { chooseBackup, drillOf } from '../domain/trial.ts';
import type { CoordinatorPorts } from '../ports.ts';
import { openRequested, type Requested } from './open-requested.ts';

/** Opens a drill, once per `request_id`. Throws DEPLOYMENT_NOT_FOUND, BACKUP_NOT_FOUND, RUN_IN_PROGRESS. */
export async function startDrill(
  request: Requested & { backupId: string },
  context: CallContext,
  ports: CoordinatorPorts,
) {
  const { deployment, backupId, requestId } = request;
  return await openRequested('drill', request, context, ports, async () => {
    const chosen =
      backupId === 'random'
        ? chooseBackup(await soundIds(deployment, ports), deployment, requestId)
        : backupId || 'latest';
    return { parameters: drillOf(await ports.manifests.read(deployment, chosen)) };
  });
}

/** The drill of a slot takes the newest backup. */
export async function openDueDrill(deployment: string, slot: string, ports: CoordinatorPorts): Promise<void> {
  const { specs, manifests, runs } = ports;
  const { version: specVersion } = await specs.read(deployment);
  const parameters = drillOf(await manifests.read(deployment, 'latest'));
  const asked = { kind: 'drill', deployment, specVersion, parameters, principal: 'policy' } as const;
  await runs.open({ ...asked, origin: 'slot', key: slot });
}

async function soundIds(deployment: string, { manifests }: CoordinatorPorts): Promise<readonly string[]> {
  const listed = await Array.fromAsync(manifests.list(deployment));
  return listed.flatMap((entry) =>
    'manifest' in entry && isWhole(entry.manifest) ? [entry.manifest.backupId] : [],
  );
}
