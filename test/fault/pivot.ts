import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { runIdOf } from '#libs/kernel/ids.ts';
import { createRepository, newIdentity } from '#libs/repository/open.ts';
import { diskStore } from '#libs/store/disk.ts';
import { seededOrder } from './pivot/seeded.ts';
import { DEPLOYMENT, endOf, openRestorer, REQUEST } from './pivot/restorer.ts';
import type { Order } from './pivot/stopped-restore.ts';
import { PARTS, SmallSystem, type Seen, type Side } from './pivot/system.ts';

/** How the restore would end if nobody stopped it: with the new state, or put back after a start that fails. */
const ENDINGS = { forward: 'taken', back: 'later' } as const satisfies Record<string, Side>;
type Ending = keyof typeof ENDINGS;
/** How the database is switched: by two renames, or by the env file that names a spare one. */
const RUNGS = ['renamed', 'spare'] as const;
type Rung = (typeof RUNGS)[number];
export type Scene = `${Rung} ${Ending}`;
const SCENES: readonly Scene[] = RUNGS.flatMap((rung) => [`${rung} forward`, `${rung} back`] as const);

export interface PivotReport {
  readonly suite: 'pivot';
  readonly seed: number;
  readonly cases: number;
  /** Cases by what they are stopped at. */
  readonly classes: Readonly<Record<string, number>>;
  /** Ends that are neither wholly old nor wholly new, or not what the run says. */
  readonly wrong: number;
  /** Stops at which the application would have started on parts that do not belong together. */
  readonly mixtures: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

export interface PivotOptions {
  readonly server: string;
  readonly pgBin: string;
  readonly seed: number;
  readonly scenes?: readonly Scene[];
  /** No more stops of a rung than this, drawn by the seed; every one when it is not given. */
  readonly sample?: number;
  readonly parts?: readonly string[];
  readonly onNote: (text: string) => void;
}

interface Case {
  readonly rung: Rung;
  readonly ending: Ending;
  readonly event: string;
  readonly when: 'before' | 'after';
}

/**
 * A restore is killed at every event between the stopping of the application and the end, continued by another
 * coordinator, and both moments are judged by content. Once the restore would succeed, once its start fails, so that
 * taking back is stopped everywhere too. The seed draws the order, and whether an event's effect is there at the stop.
 */
export async function pivot(options: PivotOptions): Promise<PivotReport> {
  // Each rung has a system of its own: two at a time.
  const played = (await Promise.all(RUNGS.map((rung) => playRung(rung, options)))).flat();
  const classes = Object.groupBy(
    played,
    ({ rung, ending, event }) => `${rung} ${ending} ${event.split(' ', 1)[0]}`,
  );
  return {
    suite: 'pivot',
    seed: options.seed,
    cases: played.length,
    classes: Object.fromEntries(Object.entries(classes).map(([name, group]) => [name, group!.length])),
    wrong: played.filter(({ wrong }) => wrong !== undefined).length,
    mixtures: played.filter(({ mixture }) => mixture !== undefined).length,
    faults: played.flatMap((each) =>
      [each.mixture, each.wrong].flatMap((found) =>
        found === undefined ? [] : [{ case: nameOf(each), found }],
      ),
    ),
  };
}

async function playRung(rung: Rung, options: PivotOptions) {
  const { seed, scenes = SCENES, sample = Infinity, parts = [], onNote } = options;
  const endings = (Object.keys(ENDINGS) as Ending[]).filter((each) => scenes.includes(`${rung} ${each}`));
  if (endings.length === 0) return [];
  await using theatre = await openTheatre(rung, endings, options);
  const random = seededOrder(seed);
  const all: Case[] = [];
  for (const ending of endings)
    for (const event of await theatre.rehearse(ending))
      all.push({ rung, ending, event, when: random.pick(['before', 'after']) });
  const wanted = all.filter((each) => parts.every((part) => nameOf(each).includes(part)));
  const cases = random.shuffle(wanted).slice(0, sample);
  const played = [];
  for (const [at, each] of cases.entries()) {
    const found = await theatre.play(each);
    played.push({ ...each, ...found });
    onNote(`${at + 1}/${cases.length} ${nameOf(each)}: ${found.mixture ?? found.wrong ?? found.stopped}`);
  }
  return played;
}

function nameOf({ rung, ending, event, when }: Case): string {
  return `${rung} ${ending}: ${when} ${event}`;
}

async function openTheatre(rung: Rung, endings: readonly Ending[], { server, pgBin }: PivotOptions) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-pivot-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const system = new SmallSystem({
    folder,
    tag: randomBytes(4).toString('hex'),
    server,
    pgBin,
    paired: rung === 'spare',
  });
  stack.defer(() => system.destroyDatabases());
  const identity = await takeBackups(system, { folder, pgBin, rung, endings });
  const storeFolder = join(folder, 'store');

  /** The later state is live and the store knows of no restore. */
  const setScene = async (ending: Ending): Promise<void> => {
    await system.become('later');
    await rm(storeFolder, { recursive: true, force: true });
    await cp(join(folder, ending), storeFolder, { recursive: true });
  };
  const run = async (stop?: Order['stop']) => {
    const order: Order = { storeFolder, identity, url: system.url, pgBin, ...(stop ? { stop } : {}) };
    const program = join(import.meta.dirname, 'pivot', 'stopped-restore.ts');
    return await execa(process.execPath, [program, JSON.stringify(order)], { reject: false });
  };
  const owned = stack.move();
  return {
    /** Every event of an undisturbed run. */
    async rehearse(ending: Ending): Promise<readonly string[]> {
      await setScene(ending);
      const { stdout, stderr } = await run();
      const seen = await system.look();
      if (PARTS.some((part) => seen[part] !== ENDINGS[ending]))
        throw new Error(`undisturbed, ${ending} ended as ${textOf(seen)}: ${stdout} ${stderr}`);
      return (JSON.parse(stdout) as { events: readonly string[] }).events;
    },
    async play({ ending, event, when }: Case) {
      await setScene(ending);
      const { signal, stderr } = await run({ event, when });
      if (signal !== 'SIGKILL') throw new Error(`${ending} never came to ${event}: ${stderr}`);
      const stopped = await system.look();
      const store = diskStore(storeFolder);
      await using successor = await openRestorer({ store, identity, url: system.url, pgBin });
      const runId = runIdOf({ kind: 'request', deployment: DEPLOYMENT, key: REQUEST });
      const { state, error } = await endOf(successor.door, runId);
      const ended = await system.look();
      const wanted: Side = state === 'completed' ? 'taken' : 'later';
      const right = ['completed', 'failed'].includes(state) && PARTS.every((part) => ended[part] === wanted);
      return {
        stopped: `${textOf(stopped)} → ${state}`,
        mixture: startsOnMixture(stopped) ? `starts on a mixture: ${textOf(stopped)}` : undefined,
        wrong: right ? undefined : `${state} ${error}, and the system is ${textOf(ended)}`,
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A closed database lets nobody start. */
function startsOnMixture(seen: Seen): boolean {
  return seen.database !== 'closed' && PARTS.some((part) => seen[part] !== seen.database);
}

function textOf(seen: Seen): string {
  return PARTS.map((part) => `${part} ${seen[part]}`).join(', ');
}

/** One store for each ending, each with a backup of the taken state. Returns the key. */
async function takeBackups(
  system: SmallSystem,
  { folder, pgBin, rung, endings }: { folder: string; pgBin: string; rung: Rung; endings: readonly Ending[] },
): Promise<string> {
  const identity = await newIdentity();
  for (const ending of endings) {
    await system.become('taken');
    const store = diskStore(join(folder, ending));
    await createRepository({ store, identity });
    await using restorer = await openRestorer({ store, identity: identity.reveal(), url: system.url, pgBin });
    await restorer.door.declareDeployment(specOf(rung, system, ending));
    const { runId } = await restorer.door.startBackup({ deployment: DEPLOYMENT, requestId: 'back-it-up' });
    const { state, error } = await endOf(restorer.door, runId);
    if (state !== 'completed') throw new Error(`the backup is ${state}: ${error}`);
  }
  return identity.reveal();
}

/** The start fails on the restored state when the run is to be put back. */
function specOf(rung: Rung, { app, envFile, database, spare }: SmallSystem, ending: Ending): string {
  const start = ending === 'forward' ? ['true'] : ['grep', '-q', ENDINGS.back, envFile];
  return JSON.stringify({
    deployment: DEPLOYMENT,
    database: {
      url: { env: 'DATABASE_URL' },
      ...(rung === 'spare' ? { spare: { names: [database, spare], envFile, variable: 'DATABASE_URL' } } : {}),
    },
    files: { roots: [{ name: 'storage', path: join(app, 'storage') }] },
    config: { envFiles: [envFile], trees: [{ name: 'certificates', path: join(app, 'certificates') }] },
    hooks: { stop: [['true']], start: [start] },
  });
}
