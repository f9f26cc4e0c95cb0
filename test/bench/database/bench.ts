import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '#libs/kernel/secret.ts';
import type { Measurement } from '../report.ts';
import { casesOf, phasesOf, type Played } from './cases.ts';
import { generateDatabase } from './generate.ts';
import { playLoaddata } from './loaddata.ts';
import { placeOf } from './measure.ts';
import { bundleChild } from './ours.ts';
import { findZstdClient, versionOf } from './peers.ts';
import { playPgBackRest } from './pgbackrest.ts';
import { playDump, playGrowth, playRounds, type Scene } from './rounds.ts';
import { describeData, dropDatabase, readSettings, startServer } from './server.ts';
import { EDMS, LOPSIDED } from './tables.ts';

export interface DatabaseBench {
  /** Of the generated heap, of each of both databases. */
  readonly mib: number;
  /** Of the fixture of Django. */
  readonly documents: number;
  readonly runs: number;
  readonly seed: number;
  readonly onNote: (note: string) => void;
}

/** `loaddata` takes minutes where the others take seconds. */
const LOADS_MAX = 3;

/**
 * A generated EDMS database taken, taken again, restored and proved by the services' own verbs, against pg_dump,
 * pg_restore, loaddata and pgBackRest, in turns, on one durable server and one disk.
 */
export async function benchDatabase({
  mib,
  documents,
  runs,
  seed,
  onNote,
}: DatabaseBench): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // The server's own user must pass it.
  await chmod(folder, 0o755);
  const dataFolder = join(folder, 'pg');
  const server = await startServer(dataFolder, onNote);
  stack.defer(() => server.discard());
  const place = placeOf(server, folder);
  const administrator = place.url('postgres');
  const child = await bundleChild(folder);
  const generate = async (name: string, tables: typeof EDMS): Promise<Scene> => {
    const wish = { url: new Secret(administrator), tables, mib, seed };
    await generateDatabase(wish, name);
    onNote(`${name}: ${JSON.stringify(await describeData(place.url(name)))}`);
    return { wish: { ...wish, url: new Secret(place.url(name)) }, name, place, child, folder, runs, onNote };
  };

  const edms = await generate('edms', EDMS);
  const data = await describeData(place.url('edms'));
  const zstd = await findZstdClient(place.url('edms'), onNote);
  const rounds = await playRounds(edms, 'bin' in zstd ? zstd.bin : undefined);
  const growth = await playGrowth(edms);
  const lopsided = await generate('lopsided', LOPSIDED);
  const lopsidedData = await describeData(place.url('lopsided'));
  const oneTable = await playDump(lopsided);
  await dropDatabase(administrator, 'lopsided');
  const loading = { server, place, child, folder, documents, runs: Math.min(runs, LOADS_MAX), seed, onNote };
  const loaded = await playLoaddata(loading);
  const settings = await readSettings(administrator);
  await server.stop();
  const whole = await playPgBackRest(server.dataFolder, folder, onNote);

  const played: Played = { rounds, growth, oneTable, loaded, whole, zstd };
  return {
    cases: casesOf(played),
    about: {
      versions: {
        postgres: settings['server_version'],
        pg_dump: await versionOf(join(server.bin, 'pg_dump'), '--version'),
        zstdClient: 'bin' in zstd ? await versionOf(join(zstd.bin, 'pg_dump'), '--version') : null,
        django: loaded.version,
        pgBackRest: whole?.version ?? null,
      },
      settings,
      data: { mib, documents, ...data, gzip1Ratio: rounds.gzip1Ratio },
      lopsided: lopsidedData,
      runs: { rounds: runs, loaddata: loading.runs, growth: 1, pgBackRest: 1 },
      phases: phasesOf(rounds),
    },
  };
}
