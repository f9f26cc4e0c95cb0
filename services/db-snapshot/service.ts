import { readSpec } from '#libs/runtime/spec-store.ts';
import type { BuildService } from '#libs/runtime/host.ts';
import { listStructure } from './adapters/list-structure.ts';
import { readCodeMigrations } from './adapters/code-migrations.ts';
import { postgresSource } from './adapters/source.ts';
import { postgresTarget } from './adapters/target.ts';
import type { DbSnapshotPorts } from './ports.ts';

/** Holds no connection between steps. */
export const buildService: BuildService<DbSnapshotPorts> = async (host) => ({
  ports: {
    source: postgresSource(host),
    target: postgresTarget(host),
    repository: host.repository,
    archives: { list: (archive, signal) => listStructure(archive, host.pgBin, signal) },
    code: { migrations: readCodeMigrations },
    specs: { read: (pinned, signal) => readSpec(host.store, pinned, { signal }) },
    clock: host.clock,
  },
  [Symbol.asyncDispose]: async () => {},
});
