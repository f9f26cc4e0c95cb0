import { firstOf, replicateRequest, type ReplicateOutcome } from '#libs/contracts/care.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { requireSecond } from '../domain/second-store.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** Copies what the second store lacks. What was left out is told, and the run is partial. Throws SECOND_STORE_MISSING. */
export async function onReplicate(
  request: Json,
  { signal, progress }: StepContext,
  ports: CoordinatorPorts,
): Promise<Json> {
  parseWith(replicateRequest, request, 'Replicate');
  const { leftOut, ...done } = await requireSecond(ports).replicate(signal, (bytes) =>
    progress({ ...bytes, activity: 'copying to the second store' }),
  );
  const outcome: ReplicateOutcome = {
    ...done,
    leftOut: [...firstOf(leftOut)],
    leftOutCount: leftOut.length,
  };
  return outcome as unknown as Json;
}
