import type { CallContext } from '#libs/runtime/contract.ts';
import type { VerifierPorts } from '../ports.ts';

/** Every verdict on one backup, oldest first. */
export async function listVerdicts(
  request: { deployment: string; backupId: string },
  { signal }: CallContext,
  { verdicts }: VerifierPorts,
) {
  return { verdicts: await verdicts.list(request.deployment, request.backupId, signal) };
}
