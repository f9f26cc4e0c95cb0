import { verifyPacksRequest, type SnapshotRef, type VerifyOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { VerifierPorts } from '../ports.ts';
import { findDamage } from './find-damage.ts';
import { readNeededPacks } from './needed-packs.ts';

/**
 * Before a restore touches anything: every pack it needs is read whole. Throws REFUSED with every damaged object, the
 * components it harms, and the newest older backup that was read whole instead.
 */
export async function onVerifyPacks(
  request: Json,
  context: StepContext,
  { evidence }: VerifierPorts,
): Promise<Json> {
  const { backupId, snapshots } = parseWith(verifyPacksRequest, request, 'VerifyPacks');
  const looked = await context.phase('packs', () => readWhole(snapshots, context, evidence));
  if (looked.harmed.length > 0) throw await refusal(backupId, snapshots, looked.harmed, context, evidence);
  return {
    ok: true,
    checks: [
      {
        name: 'packs whole',
        level: 1,
        ok: true,
        detail: `${looked.packs} packs read (${looked.bytes} bytes)`,
      },
    ],
    notChecked: [],
    facts: {},
  } satisfies VerifyOutcome as unknown as Json;
}

interface Harmed {
  readonly object: string;
  readonly components: readonly string[];
  readonly error: HoldfastError;
}

type Evidence = VerifierPorts['evidence'];

async function readWhole(
  refs: readonly SnapshotRef[],
  { signal, progress }: StepContext,
  evidence: Evidence,
) {
  const { users, damaged } = await readNeededPacks(refs, evidence, signal);
  let bytes = 0;
  const packs = await findDamage(users, async ([pack]) => {
    bytes += (await evidence.verifyPack(pack, signal)).bytes;
    progress({ bytes, activity: 'reading packs before anything is touched' });
  });
  const harmed: readonly Harmed[] = [
    ...damaged.map(({ of, error }) => ({ object: `snapshot ${of.id}`, components: [of.component], error })),
    ...packs.map(({ of: [pack, components], error }) => ({ object: `pack ${pack}`, components, error })),
  ];
  return { bytes, packs: users.size, harmed };
}

async function refusal(
  backupId: string,
  refs: readonly SnapshotRef[],
  harmed: readonly Harmed[],
  context: StepContext,
  evidence: Evidence,
): Promise<HoldfastError> {
  const { deployment } = refs[0]!;
  const older = await context.phase('older', () => findWhole({ backupId, refs }, context, evidence));
  const remedy =
    older === undefined
      ? 'no older backup of this store is whole'
      : `restore an older one: holdfast restore ${deployment} --backup ${older}`;
  const problems: readonly Problem[] = harmed.map(({ object, components, error }) =>
    problem(error.code, object, `is damaged, and with it ${components.join(', ')}: ${error.message}`, remedy),
  );
  return new HoldfastError('REFUSED', { backup: backupId, olderBackup: older ?? '' }, { problems });
}

/** The newest older backup that has all that is asked for, each pack of it readable. */
async function findWhole(
  { backupId, refs }: { readonly backupId: string; readonly refs: readonly SnapshotRef[] },
  context: StepContext,
  evidence: Evidence,
): Promise<string | undefined> {
  const wanted = new Set(refs.map(({ component }) => component));
  for await (const older of evidence.backups(refs[0]!.deployment, context.signal)) {
    const held = new Set(older.snapshots.map(({ component }) => component));
    if (older.backupId >= backupId || !wanted.isSubsetOf(held)) continue;
    if ((await readWhole(older.snapshots, context, evidence)).harmed.length === 0) return older.backupId;
  }
  return undefined;
}
