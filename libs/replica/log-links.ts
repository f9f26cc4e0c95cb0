import { sha256 } from '#libs/kernel/ids.ts';
import { jsonIfAny } from '#libs/kernel/json.ts';
import { entryName } from '#libs/saga/chain.ts';
import { logPrefix } from '#libs/saga/log.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** What one entry of a log says of itself and of the one before it; undefined for what is no entry of this number. */
interface Link {
  readonly digest: string;
  readonly previous: string;
}

type Options = { readonly signal?: AbortSignal | undefined };

/** Names of entries that are missing, or are not what the one after them names; of a pair that does not fit, both. */
export async function findBrokenEntries(
  store: ObjectStore,
  deployment: string,
  { signal }: Options = {},
): Promise<readonly string[]> {
  const prefix = logPrefix(deployment);
  const broken = new Set<string>();
  let n = 0;
  let before: Link | undefined = { digest: '', previous: '' };
  for await (const { name } of store.list(prefix, signalOption(signal))) {
    const number = numberOf(name);
    for (; n < number; n += 1) {
      broken.add(entryName(prefix, n));
      before = undefined;
    }
    const link = linkOf(await findBytes(store, name, signalOption(signal)), number);
    if (link === undefined) broken.add(name);
    if (link !== undefined && before !== undefined && link.previous !== before.digest) {
      broken.add(name);
      if (n > 0) broken.add(entryName(prefix, n - 1));
    }
    before = link;
    n = number + 1;
  }
  return [...broken];
}

/** Of a log, the entry `name` as these bytes: it follows the one before it, and the one after it, where there is one, names it. */
export async function fitsInLog(
  store: ObjectStore,
  name: string,
  bytes: Buffer,
  { signal }: Options = {},
): Promise<boolean> {
  const n = numberOf(name);
  const prefix = name.slice(0, name.lastIndexOf('/') + 1);
  const read = (number: number) => findBytes(store, entryName(prefix, number), signalOption(signal));
  const own = linkOf(bytes, n);
  if (own === undefined) return false;
  const before = n === 0 ? undefined : await read(n - 1);
  const after = linkOf(await read(n + 1), n + 1);
  const follows = own.previous === (before === undefined ? '' : sha256(before));
  if (after === undefined) return follows && (n === 0 || before !== undefined);
  // What the one after it names it is, whatever became of the one before it.
  return after.previous === own.digest;
}

export function isLogEntry(name: string): boolean {
  return /^deployments\/[^/]+\/log\/\d+\.json$/.test(name);
}

function numberOf(name: string): number {
  return Number(/(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN);
}

function linkOf(bytes: Buffer | undefined, n: number): Link | undefined {
  const entry = (bytes === undefined ? undefined : jsonIfAny(bytes)) as
    | { n?: unknown; previous?: unknown; event?: unknown }
    | undefined;
  if (bytes === undefined || entry?.n !== n || typeof entry.previous !== 'string') return undefined;
  return entry.event === undefined ? undefined : { digest: sha256(bytes), previous: entry.previous };
}
