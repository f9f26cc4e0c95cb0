import { pivotRequest, type StagedDatabase } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';

export function requireStagedDatabase(request: Json, verb: string): StagedDatabase {
  const { staged } = parseWith(pivotRequest, request, verb);
  if (staged.component !== 'database')
    throw new HoldfastError('MESSAGE_MALFORMED', { verb, reason: `a staged ${staged.component}` });
  return staged;
}
