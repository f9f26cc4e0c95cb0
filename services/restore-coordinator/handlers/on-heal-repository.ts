import { firstOf, scrubOutcome, type HealOutcome, type WhichStore } from '#libs/contracts/care.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError, problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { CoordinatorPorts } from '../ports.ts';

interface Left {
  readonly store: WhichStore;
  readonly object: string;
  readonly reason: string;
}

/**
 * What a scrub found damaged in one store is put back from the other. Throws STORE_DAMAGED with each object that is not
 * sound then, and the backups that need it; what was healed is in its details.
 */
export async function onHealRepository(
  request: Json,
  { signal }: StepContext,
  { second, harmedBackups }: CoordinatorPorts,
): Promise<Json> {
  const { stores } = parseWith(scrubOutcome, request, 'HealRepository');
  const healed: HealOutcome['healed'][number][] = [];
  const left: Left[] = [];
  for (const { store, damaged } of stores.filter((each) => each.damaged.length > 0)) {
    const names = damaged.map(({ object }) => object);
    const done = await second?.heal(store, names, signal);
    healed.push(...(done?.healed ?? []).map((object) => ({ store, object })));
    left.push(...(done?.unhealed ?? damaged).map(({ object, reason }) => ({ store, object, reason })));
  }
  if (left.length === 0) return { healed } satisfies HealOutcome as unknown as Json;
  const lost = left.filter(({ store }) => store === 'first').map(({ object }) => object);
  const details = {
    objects: left.length,
    backups: [...(await harmedBackups(lost, signal))],
    healed: healed.map(({ object }) => object),
  };
  const problems = firstOf(left).map(({ store, object, reason }) =>
    problem('STORE_DAMAGED', `${object} of the ${store} store`, reason),
  );
  throw new HoldfastError('STORE_DAMAGED', details, { problems });
}
