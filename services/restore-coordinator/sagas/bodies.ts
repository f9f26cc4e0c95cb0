import { HoldfastError, refuseAll } from '#libs/kernel/errors.ts';
import { isoTime } from '#libs/kernel/clock.ts';
import type { Json } from '#libs/kernel/json.ts';
import { specDigest } from '#libs/contracts/spec.ts';
import { componentsIn, isWhole, type Held } from '#libs/contracts/manifest.ts';
import { stagedTables, verifyOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Outcomes } from '#libs/saga/define.ts';
import { nameAt, type ComponentName } from '#libs/contracts/sites.ts';
import { sitesOfRun, type RunHeader } from '#libs/saga/journal.ts';
import { prunedIds } from '#libs/saga/kept-backups.ts';
import { backupIdOf } from '../domain/backup-id.ts';
import { citedBy } from '../domain/cited.ts';
import { keptStates, placesOf } from '../domain/kept-states.ts';
import { buildManifest, snapshotEntry } from '../domain/manifest.ts';
import { compareWithLast, requireSameInstance } from '../domain/unchanged.ts';
import type { CoordinatorPorts, DeclaredSpec, StoredManifest } from '../ports.ts';
import { forgetBackups } from './forget.ts';
import { backupParameters, partsOfBackup, takenOf } from './backup.ts';
import { lockKept, lockProblems } from './lock.ts';
import { ofPrevious, previousOf } from './previous-backup.ts';
import { releaseParameters } from './release.ts';
import { isBeside, restoreParameters, restoreQuestion } from './restore.ts';
import { rollbackParameters } from './rollback.ts';
import { schedulesParameters } from './schedules.ts';

type BodyPorts = Omit<CoordinatorPorts, 'runs'> & { readonly runs: Pick<CoordinatorPorts['runs'], 'read'> };
type Body = (header: RunHeader, outcomes: Outcomes, ports: BodyPorts, signal: AbortSignal) => Promise<Json>;

/** Bodies of the steps that the coordinator does itself; each may run twice. */
export const localBodies: Readonly<Record<string, Body>> = {
  'preflight-backup': preflightBackup,
  'commit-backup': commitBackup,
  'preflight-restore': preflightRestore,
  'commit-restore': commitRestore,
  'commit-tables': commitTables,
  'commit-rollback': commitRollback,
  'commit-release': commitRelease,
  'commit-schedules': commitSchedules,
  'forget-backups': forgetBackups,
};

async function preflightBackup(
  header: RunHeader,
  _: Outcomes,
  ports: BodyPorts,
  signal: AbortSignal,
): Promise<Json> {
  const { deployment, specVersion } = header;
  const answer = await ports.inquiry.preflight(
    {
      deployment,
      specVersion,
      purpose: 'PURPOSE_BACKUP',
      parts: partsOfBackup(header),
      snapshots: [],
      relocationJson: '',
    },
    signal,
  );
  const previous = await previousOf(header, ports);
  // Another database is known before a byte of it is copied, and is why other things are wrong with it.
  requireSameInstance({
    deployment,
    previous,
    database: answer.facts['database'],
    accepted: acceptedBy(header) !== undefined,
  });
  const { spec } = await ports.specs.read(deployment, specVersion);
  const problems = [...answer.problems, ...(await lockProblems(spec, ports, signal))];
  refuseAll('REFUSED', problems, { deployment });
  const { field, warnings } = ofPrevious(header, previous, await ports.readLog(deployment));
  return {
    facts: answer.facts,
    warnings: [...answer.warnings, ...warnings] as unknown as Json,
    ...field,
  };
}

/**
 * THE COMMIT: everything the manifest cites is durable and was read back; the log entry follows and can be repeated, and
 * so can the locks that the policy wants: a run that fails at them leaves a whole backup, and the next prune asks again.
 */
async function commitBackup(
  header: RunHeader,
  outcomes: Outcomes,
  ports: BodyPorts,
  signal: AbortSignal,
): Promise<Json> {
  const declared = await ports.specs.read(header.deployment, header.specVersion);
  // Before a crash: what came after it is no reason to compare again.
  const committed =
    (await findManifest(header, ports)) ?? (await commitNew(header, outcomes, declared, ports));
  const { manifest, digest } = committed;
  await ports.record(header.deployment, {
    kind: 'committed',
    runId: header.runId,
    backupId: manifest.backupId,
    manifestDigest: digest,
    ...componentsField(manifest),
  });
  const { backupId, completeness } = manifest;
  const options = { only: backupId, signal, progress: () => {} };
  const lock = await lockKept(header.deployment, declared.spec, ports, options);
  return { backupId, manifestDigest: digest, completeness, ...(lock === undefined ? {} : { lock }) };
}

/** For the log, where it is absent for all. */
function componentsField(held: Held): { readonly components?: readonly ComponentName[] } {
  return isWhole(held) ? {} : { components: componentsIn(held) };
}

async function findManifest(
  header: RunHeader,
  { manifests }: BodyPorts,
): Promise<StoredManifest | undefined> {
  try {
    return await manifests.read(header.deployment, backupIdOf(header));
  } catch (thrown) {
    if (HoldfastError.from(thrown).code === 'BACKUP_NOT_FOUND') return undefined;
    throw thrown;
  }
}

async function commitNew(
  header: RunHeader,
  outcomes: Outcomes,
  { spec, yaml }: DeclaredSpec,
  ports: BodyPorts,
): Promise<StoredManifest> {
  const taken = takenOf(header, outcomes);
  const snapshots = taken.map(snapshotEntry);
  const compared = compareWithLast({
    spec,
    previous: await previousOf(header, ports),
    snapshots,
    acceptedBy: acceptedBy(header),
  });
  return await ports.manifests.commit(
    buildManifest({
      header,
      spec,
      specDigest: specDigest(yaml),
      repository: ports.repositoryId,
      taken,
      verified: parseWith(verifyOutcome, outcomes['verify'], 'outcome of verify'),
      preflight: (outcomes['preflight'] as { facts: Json }).facts,
      committedAt: isoTime(ports.clock),
      compared,
    }),
  );
}

function acceptedBy({ parameters, principal }: RunHeader): string | undefined {
  const { acceptChanges } = parseWith(backupParameters, parameters, 'backup parameters');
  return acceptChanges ? principal : undefined;
}

async function preflightRestore(
  header: RunHeader,
  _: Outcomes,
  ports: BodyPorts,
  signal: AbortSignal,
): Promise<Json> {
  const { snapshots } = parseWith(restoreParameters, header.parameters, 'restore parameters');
  const { deployment, specVersion, relocationJson = '' } = header;
  await requireThere(header, ports);
  const answer = await ports.inquiry.preflight(
    restoreQuestion({ deployment, specVersion, snapshots, relocationJson }),
    signal,
  );
  refuseAll('REFUSED', answer.problems, { deployment });
  return { facts: answer.facts, warnings: answer.warnings as unknown as Json };
}

/**
 * The lock is in the target's log; a tombstone of another deployment's backup is in that one's, and is looked for now
 * that this run is open: what is forgotten later stays until it has ended.
 */
async function requireThere(header: RunHeader, { readLog }: BodyPorts): Promise<void> {
  const { deployment, backupId } = citedBy(header)!;
  if (prunedIds(await readLog(deployment).catch(() => [])).has(backupId))
    throw new HoldfastError('BACKUP_NOT_FOUND', { deployment, backup: backupId, reason: 'it was pruned' });
}

/** The new state is proved and serving. The old one stays where it is until it is released. */
async function commitRestore(header: RunHeader, outcomes: Outcomes, ports: BodyPorts): Promise<Json> {
  const { backupId, snapshots } = parseWith(restoreParameters, header.parameters, 'restore parameters');
  const beside = isBeside(header);
  const { deployment, runId } = header;
  await ports.record(deployment, {
    kind: 'restored',
    runId,
    backupId,
    ...componentsField({ snapshots }),
    ...(beside ? { kept: false } : {}),
  });
  const { database } = sitesOfRun(header);
  const { facts } = (outcomes[nameAt('check.restored', database)] ?? {}) as {
    facts?: { reconciliation?: Json };
  };
  const { reconciliation } = facts ?? {};
  const { adapted } = (outcomes[nameAt('stage.database', database)] ?? {}) as { adapted?: Json };
  const kept = keptStates(await ports.readLog(header.deployment)).length;
  return {
    backupId,
    keptOldState: !beside,
    ...(beside ? { places: placesOf(outcomes) } : {}),
    keptStates: kept,
    ...(reconciliation === undefined ? {} : { reconciliation }),
    ...(adapted === undefined ? {} : { adapted }),
  };
}

/** The database is the operator's from here on: no log speaks of it, and no release drops it. */
async function commitTables(header: RunHeader, outcomes: Outcomes): Promise<Json> {
  const { backupId } = parseWith(restoreParameters, header.parameters, 'restore parameters');
  const stage = nameAt('stage.database', sitesOfRun(header).database);
  const { live, tables, adapted } = parseWith(stagedTables, outcomes[stage], `outcome of ${stage}`);
  return { backupId, database: live, ...tables, incomplete: adapted.incomplete };
}

/** The old state serves. The restored one stays beside it until it is released. */
async function commitRollback(header: RunHeader, _: Outcomes, ports: BodyPorts): Promise<Json> {
  const { parameters, deployment, runId } = header;
  const { restoreRunId, backupId } = parseWith(rollbackParameters, parameters, 'rollback parameters');
  await ports.record(deployment, { kind: 'rolled-back', runId, restoreRunId });
  return { backupId, restoreRunId, keptStates: keptStates(await ports.readLog(deployment)).length };
}

async function commitRelease(header: RunHeader, _: Outcomes, ports: BodyPorts): Promise<Json> {
  const { parameters, deployment, runId } = header;
  const { restoreRunIds } = parseWith(releaseParameters, parameters, 'release parameters');
  await ports.record(deployment, { kind: 'released', runId, restoreRunIds });
  return { released: restoreRunIds };
}

async function commitSchedules(header: RunHeader, outcomes: Outcomes, ports: BodyPorts): Promise<Json> {
  const { parameters, deployment, runId } = header;
  const { restoreRunId } = parseWith(schedulesParameters, parameters, 'schedules parameters');
  await ports.record(deployment, { kind: 'schedules-released', runId, restoreRunId });
  return outcomes['enable'] ?? {};
}
