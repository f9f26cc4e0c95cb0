import {
  verifyBackupRequest,
  type Check,
  type SnapshotRef,
  type VerifyOutcome,
} from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { refsOf } from '../domain/snapshot-refs.ts';
import { FileIndex, reconcile, type Reconciliation } from '../domain/reconcile.ts';
import { recordVerdict } from '../domain/verdict.ts';
import { readNeededPacks } from './needed-packs.ts';
import type { VerifierPorts } from '../ports.ts';

/**
 * Before a backup is committed: snapshots are what their digests say; every needed pack that no committed backup cites
 * is re-read and opened, whichever attempt wrote it, every other one is there; rows and files fit. Damage throws; rows
 * without their file at its path make the backup partial.
 */
export async function onVerifyBackup(
  request: Json,
  context: StepContext,
  ports: VerifierPorts,
): Promise<Json> {
  const { backupId, snapshots } = parseWith(verifyBackupRequest, request, 'VerifyBackup');
  const needed = await context.phase('snapshots', () => requireNeededPacks(snapshots, context, ports));
  const packs = await context.phase('packs', () => provePacks(needed, context, ports));
  const fit = await context.phase('reconcile', () => reconcileRows(snapshots, context, ports));
  const checks: Check[] = [
    {
      name: 'snapshots authentic',
      level: 0,
      ok: true,
      detail: `${snapshots.length} snapshots have the digest their taker named`,
    },
    {
      name: 'packs re-read',
      level: 1,
      ok: true,
      detail: `${packs.reread} new packs re-read (${packs.bytes} bytes), ${needed.size} needed packs present`,
    },
    ...reconciliationChecks(fit),
  ];
  const outcome: VerifyOutcome = {
    ok: checks.every((check) => check.ok),
    checks,
    notChecked: [
      ...(packs.known > 0 ? [knownPacks(packs.known)] : []),
      ...notReconciled(fit),
      ...NOT_CHECKED,
    ],
    facts: fit === undefined ? {} : { reconciliation: fit },
  };
  await recordVerdict(outcome, backupId, context, ports);
  return outcome as unknown as Json;
}

export function notReconciled(fit: Reconciliation | undefined): readonly string[] {
  return fit === undefined ? ['rows and files (L1): not both in this backup'] : [];
}

const NOT_CHECKED = [
  'restore into a scratch server (L2)',
  'restore of the files (L3)',
  'key canaries (L4)',
  'the application itself (L5)',
];

async function requireNeededPacks(
  refs: readonly SnapshotRef[],
  context: StepContext,
  { evidence }: VerifierPorts,
): Promise<ReadonlySet<string>> {
  const { users, damaged } = await readNeededPacks(refs, evidence, context.signal);
  if (damaged.length > 0) throw damaged[0]!.error;
  return new Set(users.keys());
}

async function provePacks(
  needed: ReadonlySet<string>,
  context: StepContext,
  { evidence }: VerifierPorts,
): Promise<{ reread: number; bytes: number; known: number }> {
  const fresh = new Set(needed);
  for await (const cited of evidence.packsOfBackups(context.signal))
    for (const pack of cited) fresh.delete(pack);
  let bytes = 0;
  for (const pack of fresh) {
    bytes += (await evidence.verifyPack(pack, context.signal)).bytes;
    context.progress({ bytes, activity: 'reading packs again' });
  }
  const known = needed.difference(fresh);
  for (const pack of known) {
    if (!(await evidence.hasPack(pack, context.signal))) throw new HoldfastError('OBJECT_MISSING', { pack });
    context.progress({ bytes, activity: 'looking for packs of earlier backups' });
  }
  return { reread: fresh.size, bytes, known: known.size };
}

function knownPacks(count: number): string {
  return `${count} packs of earlier backups: present, content not read again`;
}

/** Undefined where a backup of some components has not both. */
export async function reconcileRows(
  refs: readonly SnapshotRef[],
  context: StepContext,
  { evidence }: VerifierPorts,
): Promise<Reconciliation | undefined> {
  const [database] = refsOf(refs, 'database');
  if (database === undefined || refsOf(refs, 'files').length === 0) return undefined;
  const index = new FileIndex();
  for (const ref of refsOf(refs, 'files'))
    for await (const record of evidence.listing(ref, context.signal)) index.add(record);
  return reconcile(evidence.documents(database, context.signal), index);
}

export function reconciliationChecks(fit: Reconciliation | undefined): readonly Check[] {
  if (fit === undefined) return [];
  const ok = fit.missing === 0 && fit.different === 0 && fit.moved === 0;
  const counts = `${fit.rows} rows: ${fit.matched} matched, ${fit.moved} moved, ${fit.unproven} without digest, ${fit.missing} missing, ${fit.different} different`;
  return [{ name: 'rows and files', level: 1, ok, detail: [counts, ...fit.examples].join('; ') }];
}
