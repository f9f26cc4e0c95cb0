import { openSandboxRequest } from '#libs/contracts/sandbox.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { VerifierPorts } from '../ports.ts';

/** A place where the backup can be restored without touching anything, and how the restore is sent there. */
export async function onOpenSandbox(
  request: Json,
  { token, requireLatest, spec, signal }: StepContext,
  { sandboxes }: VerifierPorts,
): Promise<Json> {
  const { needs } = parseWith(openSandboxRequest, request, 'OpenSandbox');
  const { sandbox, relocation } = await sandboxes.open({ token, spec, needs }, signal);
  try {
    await requireLatest();
  } catch (thrown) {
    // Who was stopped in between until the drill was over made it when nobody removes it any more.
    await sandboxes.close(token, spec, signal);
    throw thrown;
  }
  return { sandbox, relocationJson: JSON.stringify(relocation) } as unknown as Json;
}
