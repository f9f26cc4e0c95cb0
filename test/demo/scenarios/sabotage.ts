import { appendFile, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstDocument } from '#test/findings/on-world.ts';
import type { Spoken } from '../holdfast.ts';
import { describeSystem, judge, observeWhole } from '../judge.ts';
import { restoreOnce, takeBackup, type Play, type Theatre } from '../theatre.ts';
import { destroyWorld, workInIt } from '../world.ts';
import { damageDatabase } from './corruption.ts';

/** What is harmed before the restore, and what must come of it. */
interface Sabotage {
  readonly expected: 'full proof' | 'refusal';
  /** Returns the store object that is to be named; nothing for living data. */
  readonly harm: (theatre: Theatre, backups: readonly Spoken[]) => Promise<string>;
}

const SABOTAGES = {
  env: { expected: 'full proof', harm: ({ world }) => harmEnv(join(world.app, '.env')) },
  file: {
    expected: 'full proof',
    harm: async ({ world }) => {
      await rm(await firstDocument(world));
      await appendFile(join(world.app, 'certificates/server.key'), 'not of the key\n');
      return '';
    },
  },
  database: {
    expected: 'full proof',
    harm: async ({ world }) => {
      await damageDatabase(world);
      return '';
    },
  },
  pack: { expected: 'refusal', harm: harmPack },
  manifest: { expected: 'refusal', harm: harmManifest },
  index: { expected: 'full proof', harm: harmIndexes },
} as const satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof SABOTAGES;
export const SABOTAGE_NAMES = Object.keys(SABOTAGES) as readonly SabotageName[];

/** Two backups, then the harm, then the one command: proved whole, or refused with the old system untouched. */
export const sabotage =
  (what: SabotageName): Play =>
  async (theatre) => {
    const { world, deployment, seed, onNote } = theatre;
    const { expected, harm }: Sabotage = SABOTAGES[what];
    const system = describeSystem(world);
    onNote('holdfast backup, some work, holdfast backup');
    const older = await takeBackup(theatre);
    await workInIt(world, seed + 1);
    const before = await observeWhole(world, { name: `sabotage-${what}-before`, system });
    const backup = await takeBackup(theatre);
    onNote(`sabotage: ${what}`);
    const object = await harm(theatre, [older, backup]);
    onNote('holdfast restore');
    const exit = expected === 'refusal' ? 4 : 0;
    const { restore, manualSteps } = await restoreOnce(theatre, exit, deployment);
    onNote('the oracle compares');
    const { verdict } = await judge(world, { name: `sabotage-${what}-after`, system, before });
    const said = JSON.stringify(restore.answer);
    const refusal = {
      'the damaged object is named': said.includes(object),
      'what it harms is named': /with it (?:database|files|config)/.test(said),
      'an older good backup is offered': said.includes(`--backup ${backupIdOf(older)}`),
    };
    return {
      backup,
      restore,
      manualSteps,
      oracle: verdict,
      promises: expected === 'refusal' ? refusal : {},
      sabotage: { what, expected, seen: restore.exit === 4 ? 'refusal' : 'full proof', intact: verdict.ok },
    };
  };

async function harmEnv(file: string): Promise<string> {
  await writeFile(file, 'SECRET_KEY=guessed\nDB_NAME=elsewhere\n');
  return '';
}

/** One byte of a pack that the newest backup needs and the older one does not. */
async function harmPack({ stack, seed }: Theatre, backups: readonly Spoken[]): Promise<string> {
  const [older, newest] = backups.map(packsOf);
  const own = [...newest!].filter((pack) => !older!.has(pack)).toSorted((a, b) => (a < b ? -1 : 1));
  const pack = own[seed % own.length]!;
  const handle = await open(join(stack.home, 'store', 'packs', pack.slice(0, 2), pack), 'r+');
  try {
    const { size } = await handle.stat();
    const at = (seed * 7919) % size;
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, at);
    await handle.write(Buffer.of(byte[0]! ^ 0xff), 0, 1, at);
  } finally {
    await handle.close();
  }
  return pack;
}

async function harmManifest({ stack, deployment }: Theatre, backups: readonly Spoken[]): Promise<string> {
  const name = `backups/${deployment}/${backupIdOf(backups.at(-1)!)}.json`;
  await truncate(join(stack.home, 'store', name), 100);
  return name;
}

/** Every index object, read anew by services that start again; and all that is to be restored is gone. */
async function harmIndexes({ stack, world }: Theatre): Promise<string> {
  const folder = join(stack.home, 'store', 'index');
  for (const name of await readdir(folder)) await writeFile(join(folder, name), 'no index');
  await stack.holdfast.expect(0, 'down');
  await stack.holdfast.expect(0, 'up', '--detach', '--store', 'disk');
  await destroyWorld(world);
  return '';
}

interface Told {
  readonly backup: {
    readonly backupId: string;
    readonly manifest: { readonly snapshots: readonly { readonly packs: readonly string[] }[] };
  };
}

function backupIdOf({ answer }: Spoken): string {
  return (answer as unknown as Told).backup.backupId;
}

function packsOf({ answer }: Spoken): ReadonlySet<string> {
  return new Set((answer as unknown as Told).backup.manifest.snapshots.flatMap(({ packs }) => packs));
}
