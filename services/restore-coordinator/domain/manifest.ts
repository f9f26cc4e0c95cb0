import type { LeftOut, Manifest, ManifestSnapshot } from '#libs/contracts/manifest.ts';
import type { TakeSnapshotOutcome, VerifyOutcome } from '#libs/contracts/requests.ts';
import { LOCAL, siteField } from '#libs/contracts/sites.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
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

/** Partial says partial: anything a component could not take, and any check before the commit that found less than all. */
export function buildManifest(parts: BackupParts): Manifest {
  const { header, spec, taken, verified } = parts;
  const leftOut = [...taken.flatMap(leftOutOf), ...failedChecks(verified)];
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
    mark: taken.find(({ snapshot }) => snapshot.component === 'database')!.mark,
    startedAt: header.openedAt,
    committedAt: parts.committedAt,
    completeness: leftOut.some((entry) => entry.partial) ? 'partial' : 'complete',
    leftOut,
    snapshots: taken.map(snapshotEntry),
    verification: { checks: verified.checks, notChecked: verified.notChecked },
    preflight: parts.preflight as Record<string, unknown>,
    ...parts.compared,
  };
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
