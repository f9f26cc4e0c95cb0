import { cleanRequest } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** A cleaning every day writes little again; the first ones after a long time take turns. */
const REPACK_BYTES_MAX = 4 * 1024 ** 3;

/** Cleanings of several deployments come to the same list now and then: one wins, the others look anew. */
const TURNS_MAX = 5;

/** One cleaning of the repository. Throws CLEANING_UNSAFE, MANIFEST_DAMAGED; then nothing more was removed. */
export async function onCleanRepository(
  request: Json,
  { signal, progress }: StepContext,
  { clean }: Pick<CoordinatorPorts, 'clean'>,
): Promise<Json> {
  parseWith(cleanRequest, request, 'CleanRepository');
  for (let turn = 1; ; turn += 1)
    try {
      return { ...(await clean({ signal, progress, repackBytesMax: REPACK_BYTES_MAX })) };
    } catch (thrown) {
      if (HoldfastError.from(thrown).code !== 'OBJECT_EXISTS' || turn === TURNS_MAX) throw thrown;
    }
}
