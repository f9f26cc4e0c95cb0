import { HoldfastError } from '#libs/kernel/errors.ts';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import type { CleaningWorld, CountedBackup, DeploymentView } from '#libs/repository/cleaning/port.ts';
import { committedIds, prunedIds } from '#libs/saga/kept-backups.ts';
import { openRuns, type LogEvent } from '#libs/saga/log.ts';
import type { Logs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { isRecorded } from '../domain/recorded.ts';
import { isSettled } from '../domain/settled.ts';
import type { Manifests } from '../ports.ts';

interface WorldDeps {
  readonly store: ObjectStore;
  readonly logs: Logs;
  readonly manifests: Manifests;
  readonly listDeployments: () => Promise<readonly string[]>;
}

const MANIFEST_PATTERN = /^backups\/([^/]+)\/(\d{8}T\d{6}Z-[0-9a-f]{8})\.json$/;

/** What one cleaning knows of all deployments of the store, by their logs and manifests; of its own, for it remembers manifests. */
export function cleaningWorld({ store, logs, manifests, listDeployments }: WorldDeps): CleaningWorld {
  const read = new Map<string, CountedBackup>();

  /** Of all deployments, declared or with a manifest, the ids of manifests as they are listed. */
  const listStored = async (): Promise<ReadonlyMap<string, readonly string[]>> => {
    const stored = new Map<string, string[]>((await listDeployments()).map((name) => [name, []]));
    for await (const { name } of store.list('backups/')) {
      const [, deployment = '', id = ''] = MANIFEST_PATTERN.exec(name) ?? [];
      if (!TOKEN_PATTERN.test(deployment)) continue;
      stored.set(deployment, [...(stored.get(deployment) ?? []), id]);
    }
    return stored;
  };

  /** Undefined when it was forgotten since the log was read, and its manifest is gone by now. */
  const counted = async (deployment: string, id: string): Promise<CountedBackup | undefined> => {
    const known = read.get(`${deployment}/${id}`);
    if (known !== undefined) return known;
    try {
      const { manifest } = await manifests.read(deployment, id);
      const backup = { backupId: id, snapshots: manifest.snapshots };
      read.set(`${deployment}/${id}`, backup);
      return backup;
    } catch (thrown) {
      const error = HoldfastError.from(thrown);
      if (error.code === 'MANIFEST_DAMAGED') throw unknownNeeds({ deployment, id }, error.details['reason']);
      if (error.code !== 'BACKUP_NOT_FOUND') throw error;
      if (prunedIds(await logs.read(deployment)).has(id)) return undefined;
      throw unknownNeeds({ deployment, id }, 'the log has it, and it is gone');
    }
  };

  const view = async (deployment: string, stored: readonly string[]): Promise<DeploymentView> => {
    for (;;) {
      const entries = await logs.read(deployment);
      const pruned = prunedIds(entries);
      const ids = new Set([...committedIds(entries), ...stored]).difference(pruned);
      const backups: CountedBackup[] = [];
      for (const id of ids) {
        const backup = await counted(deployment, id);
        if (backup !== undefined) backups.push(backup);
      }
      // All of it by one state of the log.
      if (backups.length < ids.size) continue;
      const open = openRuns(entries);
      return {
        deployment,
        backups,
        pruned: [...pruned],
        openRuns: new Set(open.map(({ runId }) => runId)),
        isWriting: open.some(({ runKind }) => runKind === 'backup'),
        isSettled: (list) => isSettled(entries, list),
      };
    }
  };

  return {
    async look() {
      const views: DeploymentView[] = [];
      for (const [deployment, stored] of await listStored()) views.push(await view(deployment, stored));
      return views;
    },
    async mark(list) {
      // Nothing was ever condemned: there is no list to know of.
      if (list === 0) return;
      const event: LogEvent = { kind: 'condemned', list };
      for (const deployment of (await listStored()).keys())
        await logs.append(deployment, (entries) => (isRecorded(entries, event) ? undefined : event));
    },
  };
}

function unknownNeeds(where: { readonly deployment: string; readonly id: string }, reason: unknown) {
  const remedy =
    'put the manifest back from a copy of the store (holdfast scrub does it from a second one); until then nothing is removed; where there is no copy: holdfast backups give-up';
  return new HoldfastError('MANIFEST_DAMAGED', { ...where, reason: String(reason), remedy });
}
