import { STEP_EVENTS, type ServiceContract } from '#libs/runtime/contract.ts';
import { treeVerbs } from '#libs/trees/steps.ts';
import { configOf } from './domain/component.ts';
import { onRunHook } from './handlers/on-run-hook.ts';
import { onStageRestore } from './handlers/on-stage-restore.ts';
import { onTakeSnapshot } from './handlers/on-take-snapshot.ts';
import type { ConfigPorts } from './ports.ts';
import { listVersions } from './rpc/list-versions.ts';
import { preflight } from './rpc/preflight.ts';
import { releaseValue } from './rpc/release-value.ts';

/** Environment files, keys, certificates, settings trees; and the deployment's own hooks, which run on its host. */
export const contract: ServiceContract<ConfigPorts> = {
  service: 'config-vault',
  consumes: {
    ...treeVerbs(configOf),
    TakeSnapshot: onTakeSnapshot,
    StageRestore: onStageRestore,
    RunHook: onRunHook,
  },
  serves: {
    'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } },
    'holdfast.vault.v1.VaultService': {
      listVersions: { unary: listVersions },
      releaseValue: { unary: releaseValue },
    },
  },
  publishes: STEP_EVENTS,
};
