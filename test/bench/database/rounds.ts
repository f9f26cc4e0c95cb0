import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { storedBytes } from '../repository/peers.ts';
import { appendRows, type Wish } from './generate.ts';
import { gzipRatio } from './gzip-ratio.ts';
import type { Place, Spent } from './measure.ts';
import { doOurs, prepareRepository, type Ours } from './ours.ts';
import { dumpWords, restoreWords, sizeOf } from './peers.ts';
import { readRows, requireSame } from './same-rows.ts';
import { createDatabase, dropDatabase } from './server.ts';

/** A generated database, and what is played with it. */
export interface Scene {
  readonly wish: Wish;
  readonly name: string;
  readonly place: Place;
  readonly child: string;
  readonly folder: string;
  readonly runs: number;
  readonly onNote: (note: string) => void;
}

export interface Stored extends Spent {
  readonly storedBytes: number;
}

export interface Rounds {
  readonly taken: readonly (Ours & Stored)[];
  readonly takenAgain: readonly Ours[];
  readonly restored: readonly Ours[];
  readonly gzip1: readonly Stored[];
  readonly plain: readonly Stored[];
  /** Empty where no client compresses so. */
  readonly zstd1: readonly Stored[];
  readonly peerRestored: readonly Spent[];
  readonly gzip1Ratio: number;
}

/** Everything that is compared on the whole database, round after round. */
export async function playRounds(scene: Scene, zstdBin: string | undefined): Promise<Rounds> {
  const { name, place, runs } = scene;
  const source = await readRows(place.url(name));
  const rounds = {
    taken: [] as (Ours & Stored)[],
    takenAgain: [] as Ours[],
    restored: [] as Ours[],
    gzip1: [] as Stored[],
    plain: [] as Stored[],
    zstd1: [] as Stored[],
    peerRestored: [] as Spent[],
    gzip1Ratio: Number.NaN,
  };
  for (let run = 1; run <= runs; run += 1) {
    const note = noteOf(scene, run);
    const { folder, ...ours } = await freshOurs(scene);
    rounds.taken.push(note('ours', await take(scene, folder)));
    const gzip1 = await dump(scene, 'gzip1', place.bin, ['-Z1']);
    rounds.gzip1.push(note('pg_dump -Z1', gzip1));
    rounds.takenAgain.push(note('ours again', await doOurs('take', { ...ours, folder })));
    rounds.plain.push(note('pg_dump', await dump(scene, 'plain', place.bin, [])));
    if (zstdBin !== undefined)
      rounds.zstd1.push(note('pg_dump zstd:1', await dump(scene, 'zstd1', zstdBin, ['-Z', 'zstd:1'])));
    rounds.restored.push(note('ours restored and proved', await restore(scene, folder, source)));
    rounds.peerRestored.push(note('pg_restore', await peerRestore(scene, 'gzip1', source)));
    rounds.gzip1Ratio = await gzipRatio(join(scene.folder, 'gzip1'));
  }
  return rounds;
}

/** Ours and `-Z1` alone. */
export async function playDump(scene: Scene): Promise<{ ours: readonly Spent[]; peer: readonly Spent[] }> {
  const played = { ours: [] as Spent[], peer: [] as Spent[] };
  for (let run = 1; run <= scene.runs; run += 1) {
    const note = noteOf(scene, run);
    const { folder } = await freshOurs(scene);
    played.ours.push(note('ours', await take(scene, folder)));
    played.peer.push(note('pg_dump -Z1', await dump(scene, 'gzip1', scene.place.bin, ['-Z1'])));
  }
  return played;
}

/** New bytes of a backup after a hundredth more rows, as a share of the first one's. */
export async function playGrowth(scene: Scene): Promise<{ readonly percent: number }> {
  const { folder, ...ours } = await freshOurs(scene);
  const before = await doOurs('take', { ...ours, folder });
  await appendRows(scene.wish);
  const after = await doOurs('take', { ...ours, folder });
  return { percent: (100 * after.newBytes) / before.newBytes };
}

async function freshOurs({ folder, child, name, place }: Scene) {
  const own = join(folder, 'ours');
  await rm(own, { recursive: true, force: true });
  await prepareRepository(own);
  return { folder: own, child, url: place.url(name), place };
}

async function take({ child, name, place }: Scene, folder: string): Promise<Ours & Stored> {
  const taken = await doOurs('take', { child, folder, url: place.url(name), place });
  return { ...taken, storedBytes: await storedBytes(folder) };
}

async function dump(scene: Scene, out: string, bin: string, level: readonly string[]): Promise<Stored> {
  const folder = join(scene.folder, out);
  await rm(folder, { recursive: true, force: true });
  const spent = await scene.place.measure(dumpWords(bin, scene.place.url(scene.name), folder, level));
  return { ...spent, storedBytes: await sizeOf(folder) };
}

async function restore(scene: Scene, folder: string, source: ReadonlyMap<string, string>): Promise<Ours> {
  const { child, name, place } = scene;
  const restored = await doOurs('restore', { child, folder, url: place.url(name), place });
  requireSame('holdfast', source, await readRows(place.url(restored.side!)));
  await dropDatabase(place.url('postgres'), restored.side!);
  return restored;
}

async function peerRestore(
  { folder, place }: Scene,
  from: string,
  source: ReadonlyMap<string, string>,
): Promise<Spent> {
  const administrator = place.url('postgres');
  await createDatabase(administrator, 'restored');
  const spent = await place.measure(restoreWords(place.bin, place.url('restored'), join(folder, from)));
  requireSame('pg_restore', source, await readRows(place.url('restored')));
  await dropDatabase(administrator, 'restored');
  return spent;
}

function noteOf({ name, runs, onNote }: Scene, run: number) {
  return <Of extends Spent>(what: string, spent: Of): Of => {
    const { wallMs, cpuMs, serverCpuMs, peakMiB } = spent;
    onNote(
      `${name} ${run}/${runs} ${what}: ${Math.round(wallMs)} ms, CPU ${Math.round(cpuMs)} + server ${serverCpuMs} ms, ${Math.round(peakMiB)} MiB`,
    );
    return spent;
  };
}
