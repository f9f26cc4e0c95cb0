import type { BuildService } from '#libs/runtime/host.ts';
import { readSpec } from '#libs/runtime/spec-store.ts';
import { openTrees } from '#libs/trees/open.ts';
import { treeSnapshots } from '#libs/trees/snapshots.ts';
import type { FilePorts } from './ports.ts';

/** Reads and writes document trees of its site; everything durable is in repository and store. */
export const buildService: BuildService<FilePorts> = async ({
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
    requireSecret,
  },
  [Symbol.asyncDispose]: async () => {},
});
