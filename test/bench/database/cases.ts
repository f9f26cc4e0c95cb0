import { against, figure, median, type Case } from '../report.ts';
import type { Spent } from './measure.ts';
import type { playLoaddata } from './loaddata.ts';
import type { Part } from './ours.ts';
import type { WholeServer } from './pgbackrest.ts';
import type { Rounds } from './rounds.ts';

export interface Played {
  readonly rounds: Rounds;
  readonly growth: { readonly percent: number };
  readonly oneTable: Pair;
  readonly loaded: Awaited<ReturnType<typeof playLoaddata>>;
  readonly whole: WholeServer | undefined;
  readonly zstd: { readonly bin: string } | { readonly reason: string };
}

interface Pair {
  readonly ours: readonly Spent[];
  readonly peer: readonly Spent[];
}

const MIB = 1024 * 1024;
/** With one table of nine tenths, and proofs: what a service may take. */
const PEAK_MIB_MAX = 256;
const NEW_PERCENT_MAX = 3;

export function casesOf({ rounds, growth, oneTable, loaded, whole, zstd }: Played): readonly Case[] {
  const { taken, takenAgain, restored, gzip1, plain, zstd1, peerRestored } = rounds;
  const stored = {
    ours: taken.map(({ storedBytes }) => storedBytes / MIB),
    peer: gzip1.map(({ storedBytes }) => storedBytes / MIB),
  };
  const all = [taken, takenAgain, restored, oneTable.ours, loaded.ours].flat();
  return [
    wall('dump, against pg_dump -Fd -jN -Z1', { ours: taken, peer: gzip1 }, [0.65, 0.5]),
    wall('dump, against pg_dump -Fd -jN as it comes', { ours: taken, peer: plain }, [0.4, 0.2]),
    'bin' in zstd
      ? wall('dump, against pg_dump -Fd -jN -Z zstd:1', { ours: taken, peer: zstd1 }, [1, 0.8])
      : alone('dump, against pg_dump -Fd -jN -Z zstd:1', taken, zstd.reason),
    wall('dump with one table of 90 %, against -Z1', oneTable, [0.6, 0.5]),
    wall(
      'restore with row proof, against pg_restore -jN without',
      { ours: restored, peer: peerRestored },
      [0.9, 0.65],
    ),
    wall('restore with row proof, against loaddata', loaded, [0.04, 0.03]),
    wall('second dump, nothing changed, against -Z1', { ours: takenAgain, peer: gzip1 }, [0.5, 0.25]),
    { ...against('stored, against -Z1', stored, 'MiB', 1), stretch: 0.85 },
    figure('new bytes after 1 % more rows', growth.percent, '%', NEW_PERCENT_MAX),
    figure('resident, most', Math.max(...all.map(({ peakMiB }) => peakMiB)), 'MiB', PEAK_MIB_MAX),
    ...(['backup', 'restore'] as const).map((act) => {
      const ours = act === 'backup' ? taken : restored;
      const name = `full ${act}, beside pgBackRest of the whole server`;
      return whole === undefined
        ? alone(name, ours, 'pgbackrest is not installed')
        : wall(name, { ours, peer: [whole[act]] });
    }),
  ];
}

/** Each part of our verbs, in the middle of all rounds. */
export function phasesOf({ taken, takenAgain, restored }: Rounds) {
  const middle = (runs: Rounds['restored']) =>
    Object.fromEntries(
      Object.keys(runs[0]!.phases).map((name) => {
        const parts = runs.map(({ phases }) => phases[name]!);
        const of = (figureOf: (part: Part) => number) => median(parts.map(figureOf));
        return [
          name,
          {
            wallMs: of(({ wallMs }) => wallMs),
            cpuMs: of(({ cpuMs }) => cpuMs),
            serverCpuMs: of(({ serverCpuMs }) => serverCpuMs),
          },
        ];
      }),
    );
  return { take: middle(taken), again: middle(takenAgain), restore: middle(restored) };
}

function wall(name: string, pair: Pair, [target, stretch]: readonly number[] = []): Case {
  const { ours, peer } = pair;
  const times = { ours: ours.map(({ wallMs }) => wallMs), peer: peer.map(({ wallMs }) => wallMs) };
  return {
    ...against(name, times, 'ms', target ?? null),
    ...(stretch === undefined ? {} : { stretch }),
    cpuMs: { ours: cpuOf(ours), peer: cpuOf(peer) },
    residentMiB: { ours: residentOf(ours), peer: residentOf(peer) },
  };
}

function alone(name: string, ours: readonly Spent[], reason: string): Case {
  return {
    ...figure(name, median(ours.map(({ wallMs }) => wallMs)), 'ms'),
    reason,
    cpuMs: { ours: cpuOf(ours), peer: null },
    residentMiB: { ours: residentOf(ours), peer: null },
  };
}

function cpuOf(runs: readonly Spent[]) {
  return {
    client: median(runs.map(({ cpuMs }) => cpuMs)),
    server: median(runs.map(({ serverCpuMs }) => serverCpuMs)),
  };
}

function residentOf(runs: readonly Spent[]): number {
  return median(runs.map(({ peakMiB }) => peakMiB));
}
