import { componentsIn, isWhole, type Manifest } from '#libs/contracts/manifest.ts';
import { chosenTables } from '#libs/contracts/relocation.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import { restoreSaga, type RestoreParameters } from '../sagas/restore.ts';
import type { Sites } from '#libs/contracts/sites.ts';
import type { StoredManifest } from '../ports.ts';
import { refOf } from './trial.ts';

/** What is asked for: PlanRestoreRequest of the contracts. */
export interface RestoreWish {
  readonly deployment: string;
  readonly backupId: string;
  readonly sourceDeployment: string;
  readonly components: readonly string[];
  readonly relocationJson: string;
}

export interface RestoreDraft {
  readonly digest: string;
  readonly parameters: RestoreParameters;
  readonly steps: readonly string[];
}

/**
 * The plan's digest is what gets approved: it covers the backup, its snapshots, the target's spec (by name and version,
 * which never change), the places and the steps, and
 * not what changes by the minute (free space, open sessions), which is looked at again when the run starts.
 */
export function draftRestore(wish: {
  /** The target's. */
  readonly deployment: string;
  readonly stored: StoredManifest;
  readonly specVersion: number;
  readonly sites: Sites;
  readonly components: readonly string[];
  readonly relocationJson: string;
}): RestoreDraft {
  const { stored, specVersion, sites, relocationJson } = wish;
  const { manifest, digest: manifestDigest } = stored;
  const { backupId, deployment } = manifest;
  const snapshots = manifest.snapshots
    .filter(({ component }) => wish.components.length === 0 || wish.components.includes(component))
    .map((snapshot) => refOf(deployment, snapshot));
  requireSaid(wish.components, manifest);
  if (chosenTables(wish) !== undefined && wish.components.join() !== 'database')
    throw new HoldfastError('MESSAGE_MALFORMED', {
      components: wish.components,
      wanted: 'database, for tables',
    });
  requireComponents(wish.components, new Set(snapshots.map(({ component }) => component)).size);
  const what = { backupId, manifestDigest, snapshots };
  const steps = restoreSaga({
    parameters: { ...what, planDigest: '' } as unknown as Json,
    relocationJson,
    sites,
  }).steps.map(({ name }) => name);
  const digest = sha256(
    canonicalJson({ ...what, deployment: wish.deployment, specVersion, relocationJson, steps }),
  );
  return { digest, parameters: { ...what, planDigest: digest }, steps };
}

/** Nobody restores a part and believes it to be all: a backup of some components is restored by their names. */
function requireSaid(wanted: readonly string[], manifest: Manifest): void {
  if (wanted.length > 0 || isWhole(manifest)) return;
  const held = componentsIn(manifest);
  throw new HoldfastError('BACKUP_NOT_WHOLE', {
    backup: manifest.backupId,
    holds: held.join(', '),
    remedy: `restore what it holds: ${held.map((component) => `--only ${component}`).join(' ')}; or a backup of everything`,
  });
}

function requireComponents(wanted: readonly string[], found: number): void {
  const unique = new Set(wanted).size;
  if (found === 0 || (unique > 0 && found !== unique))
    throw new HoldfastError('MESSAGE_MALFORMED', {
      components: wanted,
      wanted: 'database, files or config, each in the backup',
    });
}
