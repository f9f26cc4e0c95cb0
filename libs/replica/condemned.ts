import { z } from 'zod';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { CONDEMNED_PREFIX, condemnedSchema } from '#libs/repository/cleaning/lists.ts';
import { numberedName, openSignedList } from '#libs/repository/numbered-lists.ts';
import { findBytes, putFirst, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { VerifySignature } from './prove.ts';

/** What a list says (FORMAT.md#cleaning): all that is condemned by then, and what was deleted since the list before. */
export interface CondemnedList {
  readonly n: number;
  readonly bytes: Buffer;
  readonly condemned: readonly string[];
  readonly deleted: readonly string[];
}

interface Look {
  readonly store: ObjectStore;
  readonly verify: VerifySignature;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing else is ever deleted, whatever a list says. */
const DELETABLE = /^(?:packs|index|snapshots|backups)\//;
const shape = condemnedSchema.extend({ deleted: z.array(z.string().regex(DELETABLE)) });

/** Lists from number `first` on, read by name: one that a listing hides would keep a deletion from us. Throws OBJECT_DAMAGED. */
export async function* readCondemned(
  first: number,
  { store, verify, signal }: Look,
): AsyncIterable<CondemnedList> {
  for (let n = first; ; n += 1) {
    const bytes = await findBytes(store, condemnedName(n), signalOption(signal));
    if (bytes === undefined) return;
    const list = openList(bytes, verify);
    if (list === undefined) throw new HoldfastError('OBJECT_DAMAGED', { object: condemnedName(n) });
    yield { n, bytes, condemned: Object.values(list.condemned).flat(), deleted: list.deleted };
  }
}

/** Undefined when it is not whole, or not signed by the repository. */
export function openList(bytes: Buffer, verify: VerifySignature): z.infer<typeof shape> | undefined {
  return openSignedList(bytes, shape, (list, signature) =>
    verify(Buffer.from(canonicalJson(list)), signature),
  );
}

/** How many of them a store has. */
export async function countCondemned(store: ObjectStore, signal?: AbortSignal): Promise<number> {
  let last = 0;
  for await (const { name } of store.list(CONDEMNED_PREFIX, signalOption(signal)))
    last = Number(/(\d+)\.json$/.exec(name)?.[1] ?? last);
  return last;
}

/** What the newest list condemns, if it was not deleted since. Throws OBJECT_DAMAGED. */
export async function condemnedNow(look: Look): Promise<ReadonlySet<string>> {
  let newest: readonly string[] = [];
  const known = await countCondemned(look.store, look.signal);
  for await (const { condemned } of readCondemned(Math.max(known, 1), look)) newest = condemned;
  return new Set(newest);
}

/** All that was ever condemned or deleted: where one of them is missing, it was let go. Lists that are damaged are told. */
export async function letGo(
  look: Look,
  onDamaged: (name: string) => void = () => {},
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let n = 1; ; n += 1) {
    const bytes = await findBytes(look.store, condemnedName(n), signalOption(look.signal));
    if (bytes === undefined) return names;
    const list = openList(bytes, look.verify);
    if (list === undefined) onDamaged(condemnedName(n));
    for (const name of [...Object.values(list?.condemned ?? {}).flat(), ...(list?.deleted ?? [])])
      names.add(name);
  }
}

/** What a manifest needs goes after it. */
const ORDER = ['backups/', 'snapshots/', 'index/', 'packs/'];

/** Deletes what lists name as deleted, then keeps the list: where that is there, its deletes were done. */
export async function deleteCondemned(
  lists: readonly CondemnedList[],
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<number> {
  let count = 0;
  for (const { n, bytes, deleted } of lists) {
    for (const prefix of ORDER)
      for (const name of deleted.filter((each) => each.startsWith(prefix))) {
        await store.delete(name, signalOption(signal));
        count += 1;
      }
    await putFirst(store, condemnedName(n), bytes, signal);
  }
  return count;
}

export function condemnedName(n: number): string {
  return numberedName(CONDEMNED_PREFIX, n);
}
