import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '#libs/kernel/secret.ts';
import { figure, type Measurement } from '../report.ts';
import { placeOf, type Place } from './measure.ts';
import { bundleChild, doOurs, prepareRepository, type Ours } from './ours.ts';
import { dropDatabase, readSettings, startServer } from './server.ts';
import { SHAPES } from './shapes.ts';

export interface SizesBench {
  /** All of them when there is none. */
  readonly parts: readonly string[];
  /** Of the whole sizes. */
  readonly percent: number;
  readonly seed: number;
  readonly onNote: (note: string) => void;
}

/** What a service may take, whatever the shape of the database. */
const RESIDENT_MIB_MAX = 256;
/** For twenty thousand tables with an index each, whose locks several sessions hold at once. */
const LOCKS = { max_locks_per_transaction: '1024' };

/**
 * Databases that are large in different ways, each taken by a process of its own, and restored and proved by another,
 * on an otherwise quiet server. What counts is the most that each process had resident.
 */
export async function benchDatabaseSizes({ parts, percent, seed, onNote }: SizesBench): Promise<Measurement> {
  const names = parts.length === 0 ? Object.keys(SHAPES) : parts;
  const unknown = names.filter((name) => !(name in SHAPES));
  if (unknown.length > 0)
    throw new Error(`no part ${unknown.join(', ')}: wanted ${Object.keys(SHAPES).join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // The server's own user must pass it.
  await chmod(folder, 0o755);
  const server = await startServer(join(folder, 'pg'), onNote, LOCKS);
  stack.defer(() => server.discard());
  const place = placeOf(server, folder);
  const child = await bundleChild(folder);
  const played: Played[] = [];
  for (const shape of names) {
    onNote(`${shape}: making it`);
    const name = shape.replaceAll('-', '_');
    await SHAPES[shape]!({ url: new Secret(place.url('postgres')), name, percent, seed });
    const one = await playShape({ shape, name, place, child, folder });
    onNote(JSON.stringify(one));
    played.push(one);
  }
  return {
    cases: played.flatMap(({ shape, take, restore }) => [
      figure(`${shape}, take: resident`, take.maxResidentMiB, 'MiB', RESIDENT_MIB_MAX),
      figure(`${shape}, restore and proof: resident`, restore.maxResidentMiB, 'MiB', RESIDENT_MIB_MAX),
    ]),
    about: { percent, shapes: played, settings: await readSettings(place.url('postgres')) },
  };
}

type Played = Awaited<ReturnType<typeof playShape>>;

async function playShape({
  shape,
  name,
  place,
  child,
  folder,
}: {
  readonly shape: string;
  readonly name: string;
  readonly place: Place;
  readonly child: string;
  readonly folder: string;
}) {
  const own = join(folder, name);
  await prepareRepository(own);
  const ours = { child, folder: own, url: place.url(name), place };
  const taken = await doOurs('take', ours);
  const restored = await doOurs('restore', ours);
  await dropDatabase(place.url('postgres'), restored.side!);
  await dropDatabase(place.url('postgres'), name);
  await rm(own, { recursive: true });
  return {
    shape,
    tables: taken.tables,
    rows: taken.rows,
    bytes: taken.sourceBytes,
    goalMiB: RESIDENT_MIB_MAX,
    take: spentOf(taken),
    restore: spentOf(restored),
  };
}

/** `withToolsMiB`: the most of any one process, be it pg_dump or pg_restore. */
function spentOf({ wallMs, cpuMs, ownMiB, peakMiB, phases, told }: Ours) {
  return {
    wallMs,
    cpuMs,
    maxResidentMiB: Math.round(ownMiB * 10) / 10,
    withToolsMiB: Math.round(peakMiB * 10) / 10,
    met: ownMiB <= RESIDENT_MIB_MAX,
    phases: Object.fromEntries(Object.entries(phases).map(([part, spent]) => [part, spent.wallMs])),
    progress: told,
  };
}
