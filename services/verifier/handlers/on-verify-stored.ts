import { verifyStoredRequest } from '#libs/contracts/sandbox.ts';
import type { Check, VerifyOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { recordVerdict } from '../domain/verdict.ts';
import type { VerifierPorts } from '../ports.ts';
import { findDamage } from './find-damage.ts';
import { readNeededPacks } from './needed-packs.ts';
import { notReconciled, reconciliationChecks, reconcileRows } from './on-verify-backup.ts';

type Wish = ReturnType<typeof verifyStoredRequest.parse>;

/** A committed backup where it lies. Every damaged object is named; the verdict is kept before it throws. */
export async function onVerifyStored(
  request: Json,
  context: StepContext,
  ports: VerifierPorts,
): Promise<Json> {
  const wish = parseWith(verifyStoredRequest, request, 'VerifyStored');
  const isCopy = wish.store === 'second';
  const evidence = isCopy ? await ports.openSecond() : ports.evidence;
  const where = { ...ports, evidence };
  const manifest = isCopy ? [await lookForManifest(wish, context, evidence)] : [];
  const chain = await context.phase('snapshots', () => lookAtChain(wish, context, where));
  const packs = await context.phase('packs', () => lookAtPacks(wish, chain.packs, context, where));
  const seen = [...manifest, chain, packs];
  const checks = seen.map(({ check }) => check);
  // A listing that cannot be read has said so already.
  const fits: string[] = [];
  if (wish.level === 1 && checks.every(({ ok }) => ok)) {
    const fit = await reconcileRows(wish.snapshots, context, where);
    checks.push(...reconciliationChecks(fit));
    fits.push(...notReconciled(fit));
  }
  const outcome: VerifyOutcome = {
    ok: checks.every(({ ok }) => ok),
    checks: isCopy ? checks.map(ofSecond) : checks,
    notChecked: [
      ...(wish.level === 0 ? ['content of the packs (L1)'] : fits),
      'restore and application (L2 to L5)',
    ],
    facts: {},
  };
  await recordVerdict(outcome, wish.backupId, context, ports, wish.store);
  const problems = seen.flatMap((each) => each.problems);
  if (problems.length > 0)
    throw new HoldfastError(problems[0]!.code, { backup: wish.backupId }, { problems });
  return outcome as unknown as Json;
}

interface Seen {
  readonly check: Check;
  readonly problems: readonly Problem[];
}

/** So that it is told from the same check of the first store wherever checks stand beside each other. */
function ofSecond(check: Check): Check {
  return { ...check, name: `${check.name} in the second store` };
}

/** A backup is there when its manifest is. */
async function lookForManifest(
  { backupId, snapshots }: Wish,
  { signal }: StepContext,
  evidence: VerifierPorts['evidence'],
): Promise<Seen> {
  let ok = false;
  for await (const backup of evidence.backups(snapshots[0]!.deployment, signal)) {
    ok = backup.backupId === backupId;
    if (ok || backup.backupId < backupId) break;
  }
  const detail = ok ? 'signed by the repository' : 'not there, or not whole';
  const problems = ok ? [] : [problem('MANIFEST_DAMAGED', `manifest ${backupId}`, detail)];
  return { check: { name: 'manifest authentic', level: 0, ok, detail }, problems };
}

async function lookAtChain(
  { snapshots }: Wish,
  { signal }: StepContext,
  { evidence }: VerifierPorts,
): Promise<Seen & { readonly packs: readonly string[] }> {
  const { users, damaged } = await readNeededPacks(snapshots, evidence, signal);
  const detail = `${snapshots.length} snapshots, ${damaged.length} not what the manifest names, or with lists that cannot be read`;
  return {
    packs: [...users.keys()].toSorted(),
    check: { name: 'snapshots authentic', level: 0, ok: damaged.length === 0, detail },
    problems: damaged.map(({ of, error }) => asProblem(`snapshot ${of.component} ${of.id}`, error)),
  };
}

async function lookAtPacks(
  { level }: Wish,
  packs: readonly string[],
  { signal, progress }: StepContext,
  { evidence }: VerifierPorts,
): Promise<Seen> {
  let bytes = 0;
  const damaged = await findDamage(packs, async (pack) => {
    if (level === 1) bytes += (await evidence.verifyPack(pack, signal)).bytes;
    else if (!(await evidence.hasPack(pack, signal))) throw new HoldfastError('OBJECT_MISSING', { pack });
    progress({ bytes, activity: 'reading packs again' });
  });
  const name = level === 1 ? 'packs re-read' : 'packs present';
  const detail = `${packs.length} packs${level === 1 ? ` (${bytes} bytes)` : ''}, ${damaged.length} damaged or missing`;
  return {
    check: { name, level, ok: damaged.length === 0, detail },
    problems: damaged.map(({ of, error }) => asProblem(`pack ${of}`, error)),
  };
}

function asProblem(subject: string, { code, message, remedy }: HoldfastError): Problem {
  return problem(code, subject, message, remedy);
}
