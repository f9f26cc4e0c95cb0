import type { Spec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { requireClient, type ClientTools } from '#libs/postgres/tools.ts';
import type { Host } from '#libs/runtime/host.ts';
import { setTimeout as pause } from 'node:timers/promises';
import type { FrozenSource, Source } from '../ports.ts';
import { examineSource } from './examine-source.ts';
import { Frozen } from './frozen.ts';
import { requireNoHindrance } from './hindrances.ts';
import { lockTables } from './lock-tables.ts';
import { liveAddress } from './maintenance.ts';
import { surveySource } from './survey-source.ts';
import { watchWaiters } from './watch-waiters.ts';

/** An ALTER that ends within seconds should not cost the run; an application that keeps altering must not be held up. */
const ROUNDS_MAX = 3;
const ROUND_PAUSE_MS = 1_000;

export type SourceHost = Pick<Host, 'requireSecret' | 'pgBin'>;

export function postgresSource(host: SourceHost): Source {
  return {
    examine: (spec, signal) => examineSource(spec, host, signal),
    survey: (spec, signal) => surveySource(spec, host, signal),
    async freeze(spec, wanted, signal) {
      for (let round = 1; ; round += 1) {
        try {
          return await tryFreeze(spec, wanted, host, signal);
        } catch (thrown) {
          const { code } = HoldfastError.from(thrown);
          const passing = code === 'DATABASE_CONTENDED' || code === 'DATABASE_CHANGED_MEANWHILE';
          if (!passing || round === ROUNDS_MAX) throw thrown;
          await pause(ROUND_PAUSE_MS, undefined, { signal });
        }
      }
    },
  };
}

async function tryFreeze(
  spec: Spec,
  { portable }: { readonly portable: boolean },
  host: SourceHost,
  signal: AbortSignal,
): Promise<FrozenSource> {
  const url = liveAddress(spec, host);
  await using stack = new AsyncDisposableStack();
  const yielding = new AbortController();
  const either = AbortSignal.any([signal, yielding.signal]);
  const clients: ClientTools[] = [];
  const locked = await lockTables(url, either, async (database, relations) => {
    clients.push(await requireClient(database.serverMajor, host.pgBin));
    return await requireNoHindrance(database, { spec, host, url, signal: either }, relations);
  });
  stack.use(locked.database);
  stack.use(await watchWaiters(url, yielding, either));
  const parts = { url, spec, host, client: clients[0]!, locked, signal: either, owned: stack };
  return await Frozen.open({ ...parts, portable });
}
