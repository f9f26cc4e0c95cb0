import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { undoStep } from '#libs/trees/steps.ts';
import { configOf } from '../domain/component.ts';
import type { ConfigPorts } from '../ports.ts';

/** Switches back; goes on from wherever it stopped. */
export function onUndoPivot(request: Json, context: StepContext, ports: ConfigPorts): Promise<Json> {
  return undoStep(configOf(context.spec, context.command.site), request, context, ports);
}
