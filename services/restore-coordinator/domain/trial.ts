import { z } from 'zod';
import type { WhichStore } from '#libs/contracts/care.ts';
import { componentsIn, isWhole, type Manifest, type ManifestSnapshot } from '#libs/contracts/manifest.ts';
import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { LOCAL, siteField } from '#libs/contracts/sites.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StoredManifest } from '../ports.ts';

/** What a drill or a verification of a backup is told of it. Pure. */

const databaseFacts = z.object({ extensions: z.array(z.string()), serverMajor: z.int() });

export function drillOf({ manifest, digest }: StoredManifest): Json {
  if (!isWhole(manifest))
    throw new HoldfastError('BACKUP_NOT_WHOLE', {
      backup: manifest.backupId,
      holds: componentsIn(manifest).join(', '),
      remedy: `holdfast drill ${manifest.deployment} takes the newest of them`,
    });
  const database = manifest.snapshots.find(({ component }) => component === 'database');
  const { extensions, serverMajor } = parseWith(databaseFacts, database?.facts, 'facts of the database');
  return {
    backupId: manifest.backupId,
    manifestDigest: digest,
    snapshots: refsOf(manifest),
    needs: { extensions, serverMajor },
  } as unknown as Json;
}

export function verificationOf(
  { manifest }: StoredManifest,
  level: number,
  store: WhichStore = 'first',
): Json {
  if (level !== 0 && level !== 1)
    throw new HoldfastError('MESSAGE_MALFORMED', {
      level,
      wanted: '0 or 1',
      remedy: `levels from 2 on need a restore: holdfast drill ${manifest.deployment}`,
    });
  return { backupId: manifest.backupId, level, snapshots: refsOf(manifest), store } as unknown as Json;
}

/** `random` falls to the same backup for the same request. Throws BACKUP_NOT_FOUND. */
export function chooseBackup(ids: readonly string[], deployment: string, key: string): string {
  if (ids.length === 0) throw new HoldfastError('BACKUP_NOT_FOUND', { deployment, backup: 'random' });
  return ids[Number.parseInt(sha256(key).slice(0, 8), 16) % ids.length]!;
}

function refsOf({ deployment, snapshots }: Manifest) {
  return snapshots.map((snapshot) => refOf(deployment, snapshot));
}

export function refOf(deployment: string, snapshot: ManifestSnapshot): SnapshotRef {
  const { component, id, digest, site = LOCAL } = snapshot;
  return { deployment, component, id, digest, ...siteField(site) };
}
