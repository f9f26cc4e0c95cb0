import { holds, openManifest, type Manifest } from '#libs/contracts/manifest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { sha256, TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import type { Repository } from '#libs/repository/port.ts';
import { newestFirst } from '#libs/saga/commit-order.ts';
import type { LogEntry } from '#libs/saga/log.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { ListedManifest, Manifests, StoredManifest } from '../ports.ts';

const BACKUP_PATTERN = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;

/**
 * `backups/<deployment>/<id>.json`, created once; signature and repository are checked at every read. Their order is the
 * log's; one that cannot be read keeps nobody from a backup.
 */
export function manifestStore(
  store: ObjectStore,
  repository: Repository,
  readLog: (deployment: string) => Promise<readonly LogEntry[]>,
): Manifests {
  const nameOf = (deployment: string, id: string) => `backups/${deployment}/${id}.json`;

  const readNamed = async (deployment: string, id: string): Promise<StoredManifest> => {
    const bytes = await store.get(nameOf(deployment, id));
    const verify: Repository['verifySignature'] = (...signed) => repository.verifySignature(...signed);
    return { manifest: openManifest(bytes, { deployment, id }, verify), digest: sha256(bytes) };
  };

  const listIds = async (deployment: string): Promise<readonly string[]> => {
    if (!TOKEN_PATTERN.test(deployment)) return [];
    const ids: string[] = [];
    for await (const { name } of store.list(`backups/${deployment}/`))
      ids.push(name.slice(`backups/${deployment}/`.length, -'.json'.length));
    return newestFirst(ids, await readLog(deployment).catch(() => []));
  };

  const look = (deployment: string, backupId: string): Promise<ListedManifest> =>
    readNamed(deployment, backupId).catch((error: unknown) => ({
      backupId,
      damaged: HoldfastError.from(error).message,
    }));

  return {
    async commit(manifest) {
      const bytes = signManifest(manifest, repository);
      try {
        await store.put(nameOf(manifest.deployment, manifest.backupId), bytes, { createOnly: true });
      } catch (error) {
        // Committed before a crash: the first manifest of this run is the one.
        if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
      }
      return readNamed(manifest.deployment, manifest.backupId);
    },
    async read(deployment, backupId, components = []) {
      if (backupId === 'latest')
        for (const id of await listIds(deployment)) {
          const stored = await readNamed(deployment, id);
          if (holds(stored.manifest, components)) return stored;
        }
      const known =
        TOKEN_PATTERN.test(deployment) &&
        BACKUP_PATTERN.test(backupId) &&
        (await store.head(nameOf(deployment, backupId))) !== undefined;
      if (!known) throw new HoldfastError('BACKUP_NOT_FOUND', { deployment, backup: backupId });
      return readNamed(deployment, backupId);
    },
    ids: listIds,
    look,
    async *list(deployment) {
      for (const backupId of await listIds(deployment)) yield await look(deployment, backupId);
    },
  };
}

function signManifest(manifest: Manifest, repository: Repository): Buffer {
  const signature = repository.sign(Buffer.from(canonicalJson(manifest)));
  return Buffer.from(`${JSON.stringify({ manifest, signature }, null, 2)}\n`);
}
