import type { CallContext } from '#libs/runtime/contract.ts';
import { presentEvent } from '../domain/present.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Journal entries after a sequence as they come, progress between them; ends when the run is finished. */
export async function* watchRun(
  request: { runId: string; afterSequence: number },
  context: CallContext,
  { runs }: CoordinatorPorts,
) {
  for await (const entry of runs.watch(request.runId, request.afterSequence, context.signal))
    yield presentEvent(entry);
}
