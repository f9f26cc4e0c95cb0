import {
  componentsIn,
  type LeftOut,
  type Manifest,
  type ManifestSnapshot,
} from '#libs/contracts/manifest.ts';
import type { TakeSnapshotOutcome, VerifyOutcome } from '#libs/contracts/requests.ts';
import { LOCAL, siteField } from '#libs/contracts/sites.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { problem, refuseAll } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import type { GaugeValue } from '#libs/telemetry/tracing.ts';
import { backupIdOf } from './backup-id.ts';

export interface BackupParts {
  readonly header: RunHeader;
  readonly spec: Spec;
  readonly specDigest: string;
  readonly repository: string;
  readonly taken: readonly TakeSnapshotOutcome[];
  readonly verified: VerifyOutcome;
  readonly preflight: Json;
  readonly committedAt: string;
  readonly compared: Pick<Manifest, 'comparedWith' | 'changes' | 'changesAcceptedBy'>;
}

/**
 * Partial says partial: anything a component could not take, and any check before the commit that found less than all.
 * Throws BACKUP_PARTIAL with all of it where the policy wants the whole or nothing.
 */
export function buildManifest(parts: BackupParts): Manifest {
  const { header, spec, taken, verified } = parts;
  const leftOut = [...taken.flatMap(leftOutOf), ...failedChecks(verified)];
  const lacking = leftOut.filter((entry) => entry.partial);
  if (spec.policy.partial === 'refuse')
    refuseAll(
      'BACKUP_PARTIAL',
      lacking.map(({ what, reason }) => problem('BACKUP_PARTIAL', what, reason)),
      { deployment: spec.deployment, entries: lacking.length },
    );
  return {
    format: 1,
    repository: parts.repository,
    backupId: backupIdOf(header),
    runId: header.runId,
    deployment: header.deployment,
    profile: spec.profile,
    specVersion: header.specVersion,
    specDigest: parts.specDigest,
    principal: header.principal,
    mark: taken[0]!.mark,
    startedAt: header.openedAt,
    committedAt: parts.committedAt,
    completeness: lacking.length > 0 ? 'partial' : 'complete',
    leftOut,
    snapshots: taken.map(snapshotEntry),
    verification: { checks: verified.checks, notChecked: verified.notChecked },
    preflight: parts.preflight as Record<string, unknown>,
    ...parts.compared,
  };
}

/** How much each part that the backup holds lacks against the spec's will. Pure. */
export function leftOutValues(manifest: Manifest): readonly GaugeValue[] {
  const { deployment, leftOut } = manifest;
  return [...componentsIn(manifest), 'backup'].map((component) => ({
    value: leftOut.filter((entry) => entry.partial && entry.component === component).length,
    attributes: { 'holdfast.deployment_id': deployment, 'holdfast.component': component },
  }));
}

export function snapshotEntry(outcome: TakeSnapshotOutcome): ManifestSnapshot {
  const { component, id, digest, site = LOCAL } = outcome.snapshot;
  const { packs, sourceBytes, newBytes, facts } = outcome;
  return { component, id, digest, ...siteField(site), packs, sourceBytes, newBytes, facts };
}

function leftOutOf(outcome: TakeSnapshotOutcome): readonly LeftOut[] {
  return outcome.leftOut.map((entry) => ({ component: outcome.snapshot.component, ...entry }));
}

function failedChecks(verified: VerifyOutcome): readonly LeftOut[] {
  return verified.checks
    .filter((check) => !check.ok)
    .map((check) => ({ component: 'backup', what: check.name, reason: check.detail, partial: true }));
}
