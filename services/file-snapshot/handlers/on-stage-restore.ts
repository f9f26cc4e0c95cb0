import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { stageStep } from '#libs/trees/steps.ts';
import { filesOf } from '../domain/component.ts';
import type { FilePorts } from '../ports.ts';

/** Writes the snapshot beside the live trees; see Trees.stage. */
export function onStageRestore(request: Json, context: StepContext, ports: FilePorts): Promise<Json> {
  return stageStep(filesOf(context.spec, context.command.site), request, context, ports);
}
