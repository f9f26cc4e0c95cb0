import type { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import { openLogs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { cleaningWorld } from '#services/restore-coordinator/adapters/cleaning-world.ts';
import { manifestsOf } from '#services/restore-coordinator/fixtures/manifest.ts';

/** The backup gets its tombstone: what only it needs may go. */
export async function forget(store: ObjectStore, deployment: string, backupId: string): Promise<void> {
  const event = { kind: 'pruned', runId: 'ff'.repeat(16), backupId, reason: 'of no use' } as const;
  await openLogs(store).append(deployment, () => event);
}

/** As the coordinator does, in a process of its own. */
export async function cleanOnce(store: ObjectStore, identity: Secret, deployment: string): Promise<void> {
  const repository = await openRepository({ store, identity });
  const { manifests } = manifestsOf(deployment, store, repository);
  const listDeployments = async () => [deployment];
  const world = cleaningWorld({ store, logs: openLogs(store), manifests, listDeployments });
  const { signal } = new AbortController();
  await repository.clean(world, { signal, progress: () => {}, repackBytesMax: 2 ** 30 });
}
