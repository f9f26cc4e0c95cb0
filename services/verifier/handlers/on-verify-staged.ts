import { verifyStagedRequest, type VerifyOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { requireAll } from '../domain/findings.ts';
import { lookAt } from '../domain/look-at.ts';
import { recordVerdict } from '../domain/verdict.ts';
import type { VerifierPorts } from '../ports.ts';

/** Before anything is switched: what lies beside the old state is what the source said, by queries and reads of our own. */
export async function onVerifyStaged(
  request: Json,
  context: StepContext,
  ports: VerifierPorts,
): Promise<Json> {
  const { backupId, snapshots, staged } = parseWith(verifyStagedRequest, request, 'VerifyStaged');
  const seen = await lookAt({ snapshots, staged, place: 'beside', digests: true }, context, ports);
  const outcome: VerifyOutcome = {
    ok: seen.checks.every(({ ok }) => ok),
    checks: [...seen.checks],
    notChecked: ['the application itself (L5)'],
    facts: {},
  };
  await recordVerdict(outcome, backupId, context, ports);
  requireAll('PROOF_FAILED', seen.checks, seen.problems);
  return outcome as unknown as Json;
}
