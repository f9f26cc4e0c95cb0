import { setTimeout as sleep } from 'node:timers/promises';
import type { WhichStore } from '#libs/contracts/care.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findDamagedRecords } from '#libs/replica/find-damage.ts';
import type { Listed } from '#libs/replica/listings.ts';
import { scrubPacks } from '#libs/replica/scrub-packs.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { Host } from '#libs/runtime/host.ts';
import { listDeployments } from '#libs/runtime/spec-store.ts';
import { openLogs } from '#libs/saga/logs.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Scrub } from '../ports.ts';

/** Reads one of the two stores again; writes the ledger of that store and nothing else. */
export function scrubOf(host: Host): Scrub {
  return async (which, wish, { signal, onProgress }) => {
    const place = await openPlace(host, which);
    if (place === undefined) return undefined;
    const { store, repository } = place;
    const packs: Listed[] = await Array.fromAsync(store.list('packs/', { signal }));
    const names = new Set(packs.map(({ name }) => name));
    const records = await findDamagedRecords(
      {
        store,
        verify: (...signed) => repository.verifySignature(...signed),
        deployments: await listDeployments(store, { signal }),
        readLog: openLogs(store).read,
        isCopy: which === 'second',
        copy: which === 'first' ? host.second : undefined,
        signal,
      },
      names,
    );
    const read = await scrubPacks(packs, wish, {
      store,
      verifyPack: (...asked) => repository.verifyPack(...asked),
      clock: host.clock,
      pace: paceOf(wish.bytesPerSecond, host.clock, signal),
      signal,
      onProgress,
    });
    const damaged = [...records.damaged, ...read.damaged];
    return { packs: read.packs, bytes: read.bytes, records: records.looked, damaged };
  };
}

interface Place {
  readonly store: ObjectStore;
  readonly repository: Repository;
}

async function openPlace(
  { store, repository, second, openSecond }: Host,
  which: WhichStore,
): Promise<Place | undefined> {
  if (which === 'first') return { store, repository };
  if (second === undefined || openSecond === undefined) return undefined;
  try {
    return { store: second, repository: await openSecond() };
  } catch (thrown) {
    // Nothing was copied there yet.
    if (HoldfastError.from(thrown).code !== 'REPOSITORY_MISSING') throw thrown;
    return undefined;
  }
}

/** Waits until what was read so far is no more than the rate allows. */
export function paceOf(
  bytesPerSecond: number | undefined,
  clock: Clock,
  signal: AbortSignal,
): (bytes: number) => Promise<void> {
  if (bytesPerSecond === undefined) return async () => {};
  const startedAt = clock.now();
  let read = 0;
  return async (bytes) => {
    read += bytes;
    const aheadMs = (read / bytesPerSecond) * 1000 - (clock.now() - startedAt);
    if (aheadMs > 0) await sleep(aheadMs, undefined, { signal });
  };
}
