import type { WhichStore } from '#libs/contracts/care.ts';
import type { VerifyOutcome } from '#libs/contracts/requests.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { VerifierPorts } from '../ports.ts';

/** Keeps what was found with the backup it speaks of; the highest level among its checks names it. */
export async function recordVerdict(
  outcome: VerifyOutcome,
  backupId: string,
  context: StepContext,
  { verdicts, clock }: VerifierPorts,
  store: WhichStore = 'first',
): Promise<void> {
  const { runId, deployment, step } = context.command;
  const level = Math.max(...outcome.checks.map((check) => check.level));
  const { ok, checks, notChecked } = outcome;
  await verdicts.record(deployment, backupId, {
    runId,
    step,
    store,
    at: new Date(clock.now()).toISOString(),
    level,
    ok,
    checks,
    notChecked,
  });
}
