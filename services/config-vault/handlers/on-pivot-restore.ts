import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { pivotStep } from '#libs/trees/steps.ts';
import { configOf } from '../domain/component.ts';
import type { ConfigPorts } from '../ports.ts';

/** Switches staged and live trees; goes on from wherever it stopped. */
export function onPivotRestore(request: Json, context: StepContext, ports: ConfigPorts): Promise<Json> {
  return pivotStep(configOf(context.spec, context.command.site), request, context, ports);
}
