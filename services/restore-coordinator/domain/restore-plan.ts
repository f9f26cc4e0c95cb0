import { canonicalJson } from '#libs/kernel/json.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { RestoreParameters } from '../sagas/restore.ts';
import { restoreSaga } from '../sagas/restore.ts';
import type { PreflightAnswer, StoredManifest } from '../ports.ts';

export interface RestorePlan {
  readonly digest: string;
  readonly parameters: RestoreParameters;
  readonly steps: readonly string[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly facts: Readonly<Record<string, Json>>;
}

/**
 * The plan's digest is what gets approved: it covers the backup, its snapshots, the spec and the steps, and not what
 * changes by the minute (free space, open sessions), which is looked at again when the run starts.
 */
export function planRestore(
  stored: StoredManifest,
  specVersion: number,
  answer: PreflightAnswer,
): RestorePlan {
  const { manifest } = stored;
  const snapshots = manifest.snapshots.map(({ component, id, digest }) => ({ component, id, digest }));
  const steps = restoreSaga.steps.map((step) => step.name);
  const approved = {
    backupId: manifest.backupId,
    manifestDigest: stored.digest,
    snapshots,
    specVersion,
    steps,
  };
  const digest = sha256(canonicalJson(approved));
  return {
    digest,
    parameters: { backupId: manifest.backupId, manifestDigest: stored.digest, planDigest: digest, snapshots },
    steps,
    problems: answer.problems,
    warnings: answer.warnings,
    facts: answer.facts,
  };
}
