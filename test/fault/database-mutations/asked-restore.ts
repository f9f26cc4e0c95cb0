import type { StagedDatabase } from '#libs/contracts/requests.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Database } from '#libs/postgres/connect.ts';
import type { Services } from './services.ts';
import type { KeptDatabase } from './kept-database.ts';

/** Where a restore ended. */
export interface End {
  /**
   * `refused` before anything was made on the server, `late` when a side database was there, `proof` by the comparison
   * before the switch; `good`: it would have been switched.
   */
  readonly at: 'refused' | 'late' | 'proof' | 'good';
  /** Of the error; empty when it was good. */
  readonly code: string;
  readonly said: string;
  /** While it is there. */
  readonly side: string | undefined;
}

/**
 * As the restore saga asks, up to the switch: the manifest, every pack read, the database staged beside the live one, the
 * staged one compared. `meanwhile` is done when the packs were read.
 */
export async function askForRestore(
  services: Services,
  kept: KeptDatabase,
  { server, meanwhile }: { readonly server: Database; readonly meanwhile: () => Promise<void> },
): Promise<End> {
  const { deployment } = kept.spec;
  const { backupId } = kept.backups.at(-1)!;
  let isStaged = false;
  try {
    const { manifest } = await services.manifests.read(deployment, backupId);
    const snapshots = manifest.snapshots.map(({ component, id, digest }) => ({
      deployment,
      component,
      id,
      digest,
    }));
    await services.run('VerifyPacks', { backupId, snapshots } as Json);
    await meanwhile();
    const staged = await services.run('StageRestore', { snapshot: snapshots[0]! } as Json);
    isStaged = true;
    await services.run('VerifyStaged', { backupId, snapshots, staged: [staged] } as Json);
    return { at: 'good', code: '', said: '', side: (staged as unknown as StagedDatabase).side };
  } catch (thrown) {
    const error = HoldfastError.from(thrown);
    const [side] = await sidesOf(server, kept);
    const said = [
      error.message,
      ...error.problems.map(({ subject, message }) => `${subject} ${message}`),
    ].join('; ');
    return { at: isStaged ? 'proof' : side === undefined ? 'refused' : 'late', code: error.code, said, side };
  }
}

/** Databases made beside the live one. */
export async function sidesOf(
  server: Database,
  { live }: Pick<KeptDatabase, 'live'>,
): Promise<readonly string[]> {
  const found = await server.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) AND datname <> $1',
    [live],
  );
  return found.map(({ name }) => name);
}
