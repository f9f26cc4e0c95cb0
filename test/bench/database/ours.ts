import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { createRepository } from '#libs/repository/open.ts';
import { openStore } from '#libs/store/open-store.ts';
import { bundle } from '#services/operator/cli/bundle.ts';
import { OURS, PROGRAM } from '../repository/peers.ts';
import type { Place, Spent } from './measure.ts';
import type { Told } from './progress-log.ts';

export type Snapshot = TakeSnapshotOutcome['snapshot'];

/** What the child tells of its work. */
export interface Done extends Pick<TakeSnapshotOutcome, 'snapshot' | 'newBytes' | 'sourceBytes'> {
  /** The database that a restore made. */
  readonly side?: string;
  readonly tables: number;
  readonly rows: number;
  /** The most that the process itself had resident; programs that it started not. */
  readonly ownMiB: number;
  /** Of each verb that moves bytes. */
  readonly told: Readonly<Record<string, Told>>;
  /** Each part of each verb. */
  readonly phases: Readonly<Record<string, Part>>;
}

/** CPU of the process itself, threads included and programs it started not, and of the server meanwhile. */
export interface Part {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly serverCpuMs: number;
}

export type Ours = Spent & Done;

/** A repository of its own in an empty folder. */
export async function prepareRepository(folder: string): Promise<void> {
  await mkdir(folder);
  const { identity } = await createRepository({ store: openStore(`disk:${join(folder, 'store')}`) });
  await writeFile(join(folder, 'identity'), identity.reveal());
}

/** The program that does the services' verbs, as one file. */
export async function bundleChild(folder: string): Promise<string> {
  const file = join(folder, 'child.mjs');
  await bundle(file, join(import.meta.dirname, 'child.ts'));
  return file;
}

/** One verb in a process of its own; the repository lies in `folder`, the clients are those of the server's major. */
export async function doOurs(
  verb: 'take' | 'restore',
  { child, folder, url, place }: { child: string; folder: string; url: string; place: Place },
): Promise<Ours> {
  const file = join(folder, 'done.json');
  const words = [child, verb, `disk:${join(folder, 'store')}`, join(folder, 'identity'), file];
  const environment = { ...OURS, DB_URL: url, PG_BIN: place.bin, SERVER_PID: String(place.pid) };
  const spent = await place.measure([...PROGRAM, ...words], environment);
  return { ...spent, ...(JSON.parse(await readFile(file, 'utf8')) as Done) };
}
