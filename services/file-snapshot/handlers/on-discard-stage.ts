import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { discardStep } from '#libs/trees/steps.ts';
import { filesOf } from '../domain/component.ts';
import type { FilePorts } from '../ports.ts';

/** Removes what the run staged; a completed switch stays, with the old state beside it. */
export function onDiscardStage(request: Json, context: StepContext, ports: FilePorts): Promise<Json> {
  return discardStep(filesOf(context.spec, context.command.site), request, context, ports);
}
