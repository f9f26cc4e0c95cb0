import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { releaseStep } from '#libs/trees/steps.ts';
import { filesOf } from '../domain/component.ts';
import type { FilePorts } from '../ports.ts';

/** Drops what finished restores keep; see Trees.release. */
export function onReleaseKept(request: Json, context: StepContext, ports: FilePorts): Promise<Json> {
  return releaseStep(filesOf(context.spec, context.command.site), request, context, ports);
}
