import { closeSandboxRequest } from '#libs/contracts/sandbox.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { VerifierPorts } from '../ports.ts';

/** Everything of this run's sandbox: server, folder, databases. */
export async function onCloseSandbox(
  request: Json,
  { command, spec, signal }: StepContext,
  { sandboxes }: VerifierPorts,
): Promise<Json> {
  parseWith(closeSandboxRequest, request, 'CloseSandbox');
  return { removed: await sandboxes.close({ runId: command.runId }, spec, signal) };
}
