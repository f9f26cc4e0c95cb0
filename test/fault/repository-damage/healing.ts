import type { ObjectStore } from '#libs/store/port.ts';
import { scrubAndHeal } from '../repository-crash/second-store.ts';
import { copyOf, harm, type Harm, type Harmed, type ObjectClass } from './harm.ts';
import { DEPLOYMENTS, namesBelow, type Kept } from './kept-backups.ts';

/**
 * The harmed store is scrubbed, and healed from a second one that is whole. `healed`: it has the bytes again that it had.
 * `left`: nothing proves what it must be, and nothing was written. Else what is wrong.
 */
export async function healing(
  kept: Kept,
  { what, how, harmed }: { what: ObjectClass; how: Harm; harmed: Harmed },
): Promise<string> {
  const store = await copyOf(kept.store);
  await harm(store, [harmed]);
  const { healed } = await scrubAndHeal(kept.store, {
    store,
    identity: kept.identity,
    deployments: DEPLOYMENTS,
  });
  const others = healed.filter((name) => name !== harmed.name);
  if (others.length > 0) return `overwrote ${others.join(', ')}`;
  const now = await store.get(harmed.name).catch(() => undefined);
  const isWhole = now?.equals(await kept.store.get(harmed.name)) === true;
  if (isWhole) return 'healed';
  if (isProvable(await isNewest(kept.store, harmed.name), { what, how })) return 'not healed';
  return healed.length > 0 ? 'healed with other bytes' : 'left';
}

/** Named by its bytes, cited, signed, or followed by an entry that holds its digest. */
function isProvable(newest: boolean, { what, how }: { what: ObjectClass; how: Harm }): boolean {
  switch (what) {
    case 'description':
    case 'pack':
    case 'snapshot':
    case 'manifest':
      return true;
    case 'recipients':
    case 'index':
      // Merging deletes index objects, and an old repository has no list: one that is missing is no damage.
      return how !== 'missing';
    case 'log':
      return how !== 'missing' || !newest;
    case 'slot':
    case 'spec':
    case 'about':
      return false;
    default:
      throw what satisfies never;
  }
}

/** Of a log: no entry after it tells that it is missing. */
async function isNewest(store: ObjectStore, name: string): Promise<boolean> {
  const names = await namesBelow(store, name.slice(0, name.lastIndexOf('/') + 1));
  return names.at(-1) === name;
}
