import { thisMachine, type Machine } from '#test/machine.ts';

/** One line of a suite: ours against the peer's in the same run; ratio = ours ÷ peer, smaller is better. */
export interface Case {
  readonly name: string;
  readonly ours: number;
  /** Null where there is no peer: the figure stands against its target alone. */
  readonly peer: number | null;
  readonly unit: 'ms' | 'MiB' | '%';
  readonly ratio: number | null;
  /** What ours (or the ratio, where there is a peer) should not pass; null where nothing is promised. */
  readonly target: number | null;
  /** What it might reach beyond that. */
  readonly stretch?: number;
  /** Of the program, and of the server it works on meanwhile. */
  readonly cpuMs?: { readonly ours: Cpu; readonly peer: Cpu | null };
  /** The most of any of its processes. */
  readonly residentMiB?: { readonly ours: number; readonly peer: number | null };
  /** Why a peer's figure is missing. */
  readonly reason?: string;
}

interface Cpu {
  readonly client: number;
  readonly server: number;
}

/** What a suite found, and what else must be known of it: versions, settings, data. */
export interface Measurement {
  readonly cases: readonly Case[];
  readonly about?: Readonly<Record<string, unknown>>;
}

export interface Report {
  readonly suite: string;
  readonly seed: number;
  readonly machine: Machine;
  readonly about?: Measurement['about'];
  readonly cases: readonly (Case & { readonly met: boolean | null })[];
}

export function report(suite: string, seed: number, { cases, about }: Measurement): Report {
  return {
    suite,
    seed,
    machine: thisMachine(),
    ...(about === undefined ? {} : { about }),
    cases: cases.map((each) => ({ ...each, met: each.target === null ? null : passes(each) })),
  };
}

export function figure(name: string, ours: number, unit: Case['unit'], target: number | null = null): Case {
  return { name, ours: rounded(ours), peer: null, unit, ratio: null, target };
}

/** Medians of alternating runs. */
export function against(
  name: string,
  runs: { readonly ours: readonly number[]; readonly peer: readonly number[] },
  unit: Case['unit'],
  target: number | null = null,
): Case {
  const ours = median(runs.ours);
  const peer = median(runs.peer);
  return { name, ours, peer, unit, ratio: Math.round((ours / peer) * 100) / 100, target };
}

export function passes({ ours, ratio, target }: Case): boolean {
  return target === null || (ratio ?? ours) <= target;
}

/** The value that this share of them does not pass. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

export function reportText({ suite, machine, cases }: Report): string {
  const rows = cases.map((each) => {
    const { name, ours, peer, unit, ratio, target } = each;
    const versus = peer === null ? '' : `peer ${peer} ${unit}, ratio ${ratio}`;
    const wanted = target === null ? '' : `${passes(each) ? 'within' : 'ABOVE'} ${target}`;
    return `${name.padEnd(58)} ${String(ours).padStart(10)} ${unit}  ${versus.padEnd(36)} ${wanted}`.trimEnd();
  });
  return [`suite ${suite} on ${machine.cores} × ${machine.cpu}, ${machine.node}`, ...rows].join('\n');
}
