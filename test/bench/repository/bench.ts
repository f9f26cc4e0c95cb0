import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { against, figure, type Case } from '../report.ts';
import { benchOnMinio } from './on-minio.ts';
import { measured, type Measured } from './measured.ts';
import { benchParts } from './parts.ts';
import { writeOfficeStream } from './office-stream.ts';
import { bundleChild, CHILD, holdfast, peers, storedBytes, type Contender } from './peers.ts';

export interface RepositoryBench {
  /** Of the stream. */
  readonly mib: number;
  readonly runs: number;
  readonly seed: number;
  readonly onNote: (note: string) => void;
}

const PEAK_MIB_MAX = 300;
const MIB = 1024 * 1024;

interface Run {
  readonly write: Measured;
  readonly read: Measured;
  readonly storedMiB: number;
}

/** A stream sealed and durable in a directory, and read back and checked: against restic and borg, in turns. */
export async function benchRepository({
  mib,
  runs,
  seed,
  onNote,
}: RepositoryBench): Promise<readonly Case[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  try {
    const input = join(folder, 'stream');
    await writeOfficeStream(input, mib, seed);
    await bundleChild();
    const found = await peers();
    if (found.length === 0) throw new Error('neither restic nor borg is on the PATH: install one to compare');
    const contenders = [holdfast, ...found];
    const played = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
    for (let run = 1; run <= runs; run += 1)
      for (const contender of contenders) {
        const one = await play(contender, { folder, input });
        const { write, read } = one;
        onNote(`${run}/${runs} ${contender.name}: written ${write.wallMs} ms, read ${read.wallMs} ms`);
        played.get(contender.name)!.push(one);
      }
    const ours = played.get('holdfast')!;
    const rivals = found.map(({ name }) => played.get(name)!);
    const versus = (
      name: string,
      figureOf: (run: Run) => number,
      { unit, target, rival }: { unit: 'ms' | 'MiB'; target: number; rival: readonly Run[] },
    ) => against(name, { ours: ours.map(figureOf), peer: rival.map(figureOf) }, unit, target);
    const fastest = best(rivals, ({ write }) => write.wallMs);
    const reading = best(rivals, ({ read }) => read.wallMs);
    const smallest = best(rivals, ({ storedMiB }) => storedMiB);
    const peak = Math.max(...ours.flatMap(({ write, read }) => [write.peakMiB, read.peakMiB]));
    return [
      versus('write, wall', ({ write }) => write.wallMs, { unit: 'ms', target: 0.6, rival: fastest }),
      // Of whoever was fastest: one thread is cheap, and slow.
      versus('write, CPU', ({ write }) => write.cpuMs, { unit: 'ms', target: 0.8, rival: fastest }),
      ...(await benchParts(input)),
      versus('read and checked, wall', ({ read }) => read.wallMs, {
        unit: 'ms',
        target: 0.8,
        rival: reading,
      }),
      versus('stored', ({ storedMiB }) => storedMiB, { unit: 'MiB', target: 1.03, rival: smallest }),
      figure('resident, most', peak, 'MiB', PEAK_MIB_MAX),
      await benchOnMinio({ folder, input, runs, onNote }),
    ];
  } finally {
    await rm(CHILD, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

async function play(contender: Contender, place: { folder: string; input: string }): Promise<Run> {
  const folder = join(place.folder, contender.name);
  await mkdir(folder);
  try {
    await contender.prepare(folder);
    const environment = contender.environment(folder);
    const write = await measured(contender.write(folder), { folder, input: place.input, environment });
    const read = await measured(contender.read(folder), { folder, environment });
    return { write, read, storedMiB: (await storedBytes(folder)) / MIB };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the peers the one whose middle figure is the smallest. */
function best(rivals: readonly (readonly Run[])[], figureOf: (run: Run) => number): readonly Run[] {
  const middle = (figures: readonly number[]) => figures.toSorted((a, b) => a - b)[figures.length >> 1]!;
  return rivals.toSorted((a, b) => middle(a.map(figureOf)) - middle(b.map(figureOf)))[0]!;
}
