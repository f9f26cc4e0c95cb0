import type { BuildService } from '#libs/runtime/host.ts';
import { readSpec } from '#libs/runtime/spec-store.ts';
import { openTrees } from '#libs/trees/open.ts';
import { treeSnapshots } from '#libs/trees/snapshots.ts';
import { envFiles } from './adapters/env-files.ts';
import { programs } from './adapters/programs.ts';
import { openVault } from './adapters/vault.ts';
import type { ConfigPorts } from './ports.ts';

/** Configuration of its site; everything durable is in repository, store and the deployment's log. */
export const buildService: BuildService<ConfigPorts> = async ({
  store,
  repository,
  clock,
  site,
  requireSecret,
}) => ({
  ports: {
    site,
    trees: openTrees({ repository, clock }),
    snapshots: treeSnapshots(repository),
    specs: { read: (pinned, signal) => readSpec(store, pinned, { signal }) },
    vault: openVault({ store, repository, clock }),
    envFiles,
    programs,
    requireSecret,
    clock,
  },
  [Symbol.asyncDispose]: async () => {},
});
