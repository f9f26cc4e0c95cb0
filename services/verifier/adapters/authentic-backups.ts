import { openManifest, type Manifest } from '#libs/contracts/manifest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Repository } from '#libs/repository/port.ts';
import { prunedIds } from '#libs/saga/kept-backups.ts';
import type { Logs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';

export interface BackupSource {
  readonly store: ObjectStore;
  readonly repository: Repository;
  readonly readLog: Logs['read'];
  readonly signal: AbortSignal;
}

/**
 * Of the manifests below a name, the last first; one that is damaged, not signed by the repository or pruned is passed
 * over. A log that cannot be read prunes nothing.
 */
export async function* authenticBackups(
  prefix: string,
  { store, repository, readLog, signal }: BackupSource,
): AsyncIterable<Manifest> {
  const names = await Array.fromAsync(store.list(prefix, { signal }), ({ name }) => name);
  const pruned = new Map<string, ReadonlySet<string>>();
  for (const name of names.toReversed()) {
    const [, deployment = '', id = ''] = /^backups\/([^/]+)\/([^/]+)\.json$/.exec(name) ?? [];
    if (!pruned.has(deployment)) pruned.set(deployment, prunedIds(await readLog(deployment).catch(() => [])));
    if (pruned.get(deployment)!.has(id)) continue;
    const bytes = await store.get(name, { signal });
    try {
      yield openManifest(bytes, { deployment, id }, (...signed) => repository.verifySignature(...signed));
    } catch (thrown) {
      if (HoldfastError.from(thrown).code !== 'MANIFEST_DAMAGED') throw thrown;
    }
  }
}
