import { holds, openManifest, type Manifest } from '#libs/contracts/manifest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { sha256, TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import type { Repository } from '#libs/repository/port.ts';
import { newestFirst } from '#libs/saga/commit-order.ts';
import type { LogEntry } from '#libs/saga/log.ts';
import { committedIds, prunedIds } from '#libs/saga/kept-backups.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { ListedManifest, Manifests, StoredManifest } from '../ports.ts';

const BACKUP_PATTERN = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;

/**
 * `backups/<deployment>/<id>.json`, created once; signature and repository are checked at every read. Their order is the
 * log's, and one that the log has pruned is none; a log that cannot be read keeps nobody from a backup.
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

  const storedIds = async (deployment: string, after = ''): Promise<readonly string[]> => {
    const startAfter = after === '' ? {} : { startAfter: nameOf(deployment, after) };
    const listed = await Array.fromAsync(store.list(`backups/${deployment}/`, startAfter));
    return listed.map(({ name }) => name.slice(`backups/${deployment}/`.length, -'.json'.length));
  };

  const logged = (deployment: string) => readLog(deployment).catch(() => []);

  const listIds = async (deployment: string): Promise<readonly string[]> => {
    if (!TOKEN_PATTERN.test(deployment)) return [];
    return newestFirst(await storedIds(deployment), await logged(deployment));
  };

  /** The same for who wants the newest few: names of the rest are listed when somebody comes to them. */
  async function* idsBack(deployment: string): AsyncGenerator<string> {
    if (!TOKEN_PATTERN.test(deployment)) return;
    const entries = await logged(deployment);
    const [known, pruned] = [committedIds(entries), prunedIds(entries)];
    const greatest = [...known, ...pruned].reduce((most, id) => (id > most ? id : most), '');
    const later = (await storedIds(deployment, greatest)).toReversed();
    const told = new Set([...later, ...known.toReversed()]);
    yield* told;
    for (const id of (await storedIds(deployment)).toReversed())
      if (!told.has(id) && !pruned.has(id)) yield id;
  }

  const findNamed = async (deployment: string, id: string): Promise<StoredManifest | undefined> => {
    try {
      return await readNamed(deployment, id);
    } catch (thrown) {
      // The log has it, and somebody took it away.
      if (HoldfastError.from(thrown).code === 'OBJECT_MISSING') return undefined;
      throw thrown;
    }
  };

  const look = (deployment: string, backupId: string): Promise<ListedManifest> =>
    readNamed(deployment, backupId).catch((thrown: unknown) => damaged(backupId, thrown));

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
        for await (const id of idsBack(deployment)) {
          const stored = await findNamed(deployment, id);
          if (stored !== undefined && holds(stored.manifest, components)) return stored;
        }
      const known =
        TOKEN_PATTERN.test(deployment) &&
        BACKUP_PATTERN.test(backupId) &&
        (await store.head(nameOf(deployment, backupId))) !== undefined;
      if (!known) throw new HoldfastError('BACKUP_NOT_FOUND', { deployment, backup: backupId });
      if (prunedIds(await logged(deployment)).has(backupId))
        throw new HoldfastError('BACKUP_NOT_FOUND', {
          deployment,
          backup: backupId,
          reason: 'it was pruned',
        });
      return readNamed(deployment, backupId);
    },
    ids: listIds,
    look,
    lockedUntil: (deployment, backupId) => store.retainedUntil(nameOf(deployment, backupId)),
    async *list(deployment) {
      for await (const backupId of idsBack(deployment)) {
        const found = await findNamed(deployment, backupId).catch((thrown: unknown) =>
          damaged(backupId, thrown),
        );
        if (found !== undefined) yield found;
      }
    },
  };
}

function damaged(backupId: string, thrown: unknown): ListedManifest {
  return { backupId, damaged: HoldfastError.from(thrown).message };
}

function signManifest(manifest: Manifest, repository: Repository): Buffer {
  const signature = repository.sign(Buffer.from(canonicalJson(manifest)));
  return Buffer.from(`${JSON.stringify({ manifest, signature }, null, 2)}\n`);
}
