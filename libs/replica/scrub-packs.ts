import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import { durationMs } from '#libs/kernel/duration.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Damage } from './find-damage.ts';
import type { Listed } from './listings.ts';
import { appendScrubbed, scrubbedBack } from './scrub-ledger.ts';

/** What a crash makes to be read again at most. */
const BATCH_PACKS = 128;
const DAY_MS = 86_400_000;
/** Stores grow and runs wait: a tenth more than the share. */
const SLACK = 1.1;

export interface ScrubDeps {
  readonly store: ObjectStore;
  readonly verifyPack: Repository['verifyPack'];
  readonly clock: Clock;
  /** Called with what was read, before the next is: keeps to a rate. */
  readonly pace: (bytes: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress: (done: { readonly bytes: number; readonly bytesTotal: number }) => void;
}

export interface ScrubWish {
  /** `all` packs, or the share of a day that has each read again within this time. */
  readonly every: string;
  /** When the run was opened, in RFC 3339: what the ledger has since then is its own. */
  readonly since: string;
}

export interface ScrubbedPacks {
  readonly packs: number;
  readonly bytes: number;
  readonly damaged: readonly Damage[];
}

/**
 * Reads packs again, whole, in the order of their names, from where the ledger ended and round again. Each batch is an
 * entry of the ledger; stopped anywhere, it goes on behind the last one.
 */
export async function scrubPacks(
  packs: readonly Listed[],
  { every, since }: ScrubWish,
  deps: ScrubDeps,
): Promise<ScrubbedPacks> {
  const known = await knownOf(packs.length, since, deps);
  const bytesTotal = shareOf(packs, every, known.sinceLastMs);
  const damaged: Damage[] = [];
  for (const { name } of packs.filter((pack) => known.suspects.has(pack.name))) {
    const harm = await readAgain(name, deps);
    if (harm !== undefined) damaged.push(harm);
  }
  let [bytes, count, after] = [known.bytes, known.packs, known.through];
  // A pack that lost its bytes counts for nothing, and is one of all.
  const wanted = (): number => (every === 'all' ? Infinity : bytesTotal - bytes);
  while (wanted() > 0 && count < packs.length) {
    const batch = nextBatch(packs, { after, wanted: wanted() });
    const found: Damage[] = [];
    let read = 0;
    for (const pack of batch.packs) {
      deps.signal.throwIfAborted();
      const harm = await readAgain(pack.name, deps);
      if (harm !== undefined) found.push(harm);
      read += pack.bytes;
      deps.onProgress({ bytes: bytes + read, bytesTotal: Math.max(bytesTotal, bytes + read) });
      await deps.pace(pack.bytes);
    }
    await appendScrubbed(
      deps.store,
      {
        after,
        through: batch.through,
        at: isoTime(deps.clock),
        packs: batch.packs.length,
        bytes: read,
        damaged: found.map(({ object }) => object),
      },
      deps,
    );
    damaged.push(...found.filter(({ object }) => !known.suspects.has(object)));
    bytes += read;
    count += batch.packs.length;
    after = batch.through;
  }
  return { packs: count, bytes, damaged };
}

/** What a run of today reads so that no pack is older than `every`; more when the last one is long ago. Pure. */
export function shareOf(packs: readonly Listed[], every: string, sinceLastMs: number): number {
  const total = packs.reduce((sum, { bytes }) => sum + bytes, 0);
  if (every === 'all') return total;
  const share = (Math.max(sinceLastMs, DAY_MS) * SLACK) / durationMs(every);
  return Math.min(total, Math.ceil(total * share));
}

/** The next packs behind a name; `through` is empty when they are the last. Pure. */
export function nextBatch(
  packs: readonly Listed[],
  { after, wanted }: { readonly after: string; readonly wanted: number },
): { readonly packs: readonly Listed[]; readonly through: string } {
  const start = packs.findIndex(({ name }) => name > after);
  // New round: the last name of the ledger was the last there is.
  if (start < 0) return nextBatch(packs, { after: '', wanted });
  let bytes = 0;
  let end = start;
  while (end < packs.length && end - start < BATCH_PACKS && bytes < wanted) {
    bytes += packs[end]!.bytes;
    end += 1;
  }
  return { packs: packs.slice(start, end), through: end === packs.length ? '' : packs[end - 1]!.name };
}

interface Known {
  readonly through: string;
  readonly packs: number;
  readonly bytes: number;
  /** Told as damaged since each pack was read last: they are looked at again until they are whole. */
  readonly suspects: ReadonlySet<string>;
  /** From the last entry before this run; 0 where there is none. */
  readonly sinceLastMs: number;
}

/** Where the ledger ended, what this run did before it was stopped, and what the last round of the ledger tells of. */
async function knownOf(packsTotal: number, since: string, { store, signal }: ScrubDeps): Promise<Known> {
  const suspects = new Set<string>();
  let known: Known = { through: '', packs: 0, bytes: 0, suspects, sinceLastMs: 0 };
  let told = 0;
  for await (const entry of scrubbedBack(store, { signal })) {
    const sinceEntryMs = Date.parse(since) - Date.parse(entry.at);
    if (told === 0) known = { ...known, through: entry.through };
    if (sinceEntryMs <= 0)
      known = { ...known, packs: known.packs + entry.packs, bytes: known.bytes + entry.bytes };
    else if (known.sinceLastMs === 0) known = { ...known, sinceLastMs: sinceEntryMs };
    for (const name of entry.damaged) suspects.add(name);
    told += entry.packs;
    if (told >= packsTotal && sinceEntryMs > 0) break;
  }
  return known;
}

async function readAgain(
  name: string,
  { verifyPack, store, signal }: ScrubDeps,
): Promise<Damage | undefined> {
  try {
    await verifyPack(name.slice(name.lastIndexOf('/') + 1), { signal });
    return undefined;
  } catch (thrown) {
    const { entry, message } = HoldfastError.from(thrown);
    if (entry.retry !== 'corrupt') throw thrown;
    // Let go by a cleaning since it was listed.
    if ((await store.head(name, { signal })) === undefined) return undefined;
    return asDamage(name, message);
  }
}

function asDamage(object: string, reason: string): Damage {
  return { code: 'PACK_DAMAGED', object, reason };
}
