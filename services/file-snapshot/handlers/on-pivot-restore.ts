import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { pivotStep } from '#libs/trees/steps.ts';
import { filesOf } from '../domain/component.ts';
import type { FilePorts } from '../ports.ts';

/** Switches staged and live trees; goes on from wherever it stopped. */
export function onPivotRestore(request: Json, context: StepContext, ports: FilePorts): Promise<Json> {
  return pivotStep(filesOf(context.spec, context.command.site), request, context, ports);
}
