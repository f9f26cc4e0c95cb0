import type { ProcessName, ServiceName } from '#libs/contracts/services.ts';
import type { ServiceContract } from '#libs/runtime/contract.ts';
import type { BuildService } from '#libs/runtime/host.ts';
import { inlineService, type InlineService } from '#libs/runtime/inline.ts';
import { runInline } from '#libs/runtime/run-inline.ts';
import { runService } from '#libs/runtime/run-service.ts';

/** The five, each loaded when it is asked for: a process of its own loads one, `rescue` and `up --inline` all. */
interface Loaded {
  readonly run: () => Promise<void>;
  readonly inline: () => InlineService;
}

const LOADERS: Readonly<Record<ServiceName, () => Promise<Loaded>>> = {
  'db-snapshot': async () => {
    const { contract } = await import('#services/db-snapshot/contract.ts');
    const { buildService } = await import('#services/db-snapshot/service.ts');
    return loaded(contract, buildService);
  },
  'file-snapshot': async () => {
    const { contract } = await import('#services/file-snapshot/contract.ts');
    const { buildService } = await import('#services/file-snapshot/service.ts');
    return loaded(contract, buildService);
  },
  'config-vault': async () => {
    const { contract } = await import('#services/config-vault/contract.ts');
    const { buildService } = await import('#services/config-vault/service.ts');
    return loaded(contract, buildService);
  },
  verifier: async () => {
    const { contract } = await import('#services/verifier/contract.ts');
    const { buildService } = await import('#services/verifier/service.ts');
    return loaded(contract, buildService);
  },
  'restore-coordinator': async () => {
    const { contract } = await import('#services/restore-coordinator/contract.ts');
    const { buildService } = await import('#services/restore-coordinator/service.ts');
    return loaded(contract, buildService);
  },
};

function loaded<Ports>(contract: ServiceContract<Ports>, buildService: BuildService<Ports>): Loaded {
  return {
    run: () => runService(contract, buildService),
    inline: () => inlineService(contract, buildService),
  };
}

/** Runs one service, or all, in this process until it is told to end; the exit code is its own. */
export async function runServiceHere(name: ProcessName): Promise<void> {
  if (name === 'inline') return await runInline(await loadInlineServices());
  const { run } = await LOADERS[name]();
  await run();
}

export async function loadInlineServices(): Promise<readonly InlineService[]> {
  return await Promise.all(Object.values(LOADERS).map(async (load) => (await load()).inline()));
}
