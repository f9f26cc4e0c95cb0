import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { discardStep } from '#libs/trees/steps.ts';
import { configOf } from '../domain/component.ts';
import type { ConfigPorts } from '../ports.ts';

/** Removes what the run staged; a completed switch stays, with the old state beside it. */
export function onDiscardStage(request: Json, context: StepContext, ports: ConfigPorts): Promise<Json> {
  return discardStep(configOf(context.spec, context.command.site), request, context, ports);
}
