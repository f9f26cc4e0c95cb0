import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { stageStep } from '#libs/trees/steps.ts';
import { configOf } from '../domain/component.ts';
import type { ConfigPorts } from '../ports.ts';

/** Writes the snapshot beside the live trees; see Trees.stage. */
export function onStageRestore(request: Json, context: StepContext, ports: ConfigPorts): Promise<Json> {
  return stageStep(configOf(context.spec), request, context, ports);
}
