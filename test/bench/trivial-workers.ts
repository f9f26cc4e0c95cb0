import type { ServiceName } from '#libs/contracts/services.ts';
import { STEP_EVENTS, type ServiceContract } from '#libs/runtime/contract.ts';
import { inlineService, type InlineService } from '#libs/runtime/inline.ts';

/** Workers that do nothing and say what a backup needs to be told: what a run costs with them is orchestration. */
export function trivialWorkers(): readonly InlineService[] {
  return [
    taking('db-snapshot', 'database', { extensions: [], serverMajor: 18 }),
    taking('file-snapshot', 'files', {}),
    taking('config-vault', 'config', {}),
    inlineService(
      {
        service: 'verifier',
        consumes: { VerifyBackup: () => Promise.resolve({ ok: true, checks: [], notChecked: [] }) },
        serves: {},
        publishes: STEP_EVENTS,
      },
      nothingToBuild,
    ),
  ];
}

function taking(
  service: ServiceName,
  component: 'database' | 'files' | 'config',
  facts: Readonly<Record<string, unknown>>,
): InlineService {
  const contract: ServiceContract<null> = {
    service,
    consumes: {
      TakeSnapshot: async (_, { command, publishEarly }) => {
        const { deployment, runId, attempt } = command;
        const mark = runId;
        if (component === 'database') await publishEarly('mark', { mark, attempt });
        const snapshot = { deployment, component, id: `${runId}.${component}`, digest: '00' };
        return { snapshot, mark, leftOut: [], facts, packs: [], sourceBytes: 0, newBytes: 0 } as never;
      },
    },
    serves: {
      'holdfast.component.v1.ComponentService': {
        preflight: { unary: () => Promise.resolve({ problems: [], warnings: [], factsJson: '{}' }) },
      },
    },
    publishes: STEP_EVENTS,
  };
  return inlineService(contract, nothingToBuild);
}

const nothingToBuild = () => Promise.resolve({ ports: null, [Symbol.asyncDispose]: () => Promise.resolve() });
