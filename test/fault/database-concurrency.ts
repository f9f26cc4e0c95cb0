import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { startPostgres, type PostgresServer } from '#deploy/local/postgres-server.ts';
import { Secret } from '#libs/kernel/secret.ts';
import type { Application } from './database-concurrency/application.ts';
import { MOMENTS, type Backup, type Moment, type Taken } from './database-concurrency/backup.ts';
import { openGate, type Gate } from './database-concurrency/gate.ts';
import { holdfast, openShelf, type Shelf } from './database-concurrency/holdfast.ts';
import { KINDS } from './database-concurrency/kinds.ts';
import { LiveDatabase } from './database-concurrency/live-database.ts';
import { differences, play, type Part, type Scene } from './database-concurrency/play.ts';
import { stock } from './database-concurrency/stock.ts';
import { seededOrder } from './pivot/seeded.ts';
import { counted } from './stack/counted.ts';

export interface ConcurrencyReport {
  readonly suite: 'database-concurrency';
  readonly seed: number;
  readonly cases: number;
  /** Cases by the moment at which the applications come. */
  readonly classes: Readonly<Record<string, number>>;
  /** Restored, and not what the source held at any one moment. */
  readonly silentLosses: number;
  /** Ended with a named error after as many attempts as the coordinator makes. */
  readonly refused: number;
  /** Times that a backup let its locks go because somebody waited, and began again or ended. */
  readonly yields: number;
  /** Statements of others that queued behind one that waited for a backup; the longest until one was answered, and which. */
  readonly waits: number;
  readonly waitMsMax: number;
  readonly longestWait: string;
  /** Cases in which somebody waited until the backup was told to go on. */
  readonly heldUp: number;
  /** Any other end: an error of the application or of a restore, or one that is no refusal for contention. */
  readonly wrong: number;
  /** The same with pg_dump and pg_restore: exit code 0, and not what the source held. */
  readonly pgDumpLosses: number;
  readonly pgDumpLost: Readonly<Record<string, number>>;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

export interface ConcurrencyOptions {
  readonly parts: readonly string[];
  readonly seed: number;
  /** Every kind at every moment comes first; what is beyond is drawn. */
  readonly cases: number;
  /** Most of a case is waiting; but where waits are judged, cases must not wait for each other's processor. */
  readonly atOnce: number;
  /** Where pg_dump is tried as well: it costs as much again. */
  readonly beside?: Moment;
  readonly onNote: (text: string) => void;
}

/** How a run may end when applications leave it no moment. */
const CONTENTION = new Set(['DATABASE_CONTENDED', 'DATABASE_CHANGED_MEANWHILE']);
const ENUMERATED_ROWS = 200;
const DRAWN = { applications: 3, rounds: 4, pauseMs: 1500, rows: 3000 };

interface Case extends Scene {
  readonly n: number;
}

/**
 * Applications change a live database while Holdfast takes a backup of it, which then is restored beside it and compared
 * with what they held at each of their moments; then another one, which knows the first. The same is done with pg_dump, to see what the harness can see.
 */
export async function databaseConcurrency(options: ConcurrencyOptions): Promise<ConcurrencyReport> {
  const { seed, beside, atOnce, onNote } = options;
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-fault-concurrency-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startPostgres({
    dataFolder: join(folder, 'pg'),
    // No power cut is among the faults; a vacuum of the server's own would be one more to wait for.
    settings: { fsync: 'off', autovacuum: 'off', max_connections: '200' },
  });
  stack.defer(() => server.discard());
  const world = { server, shelf: await openShelf(), folder };
  const drawn = draw(options);
  const limit = pLimit(atOnce);
  let over = 0;
  const played = await Promise.all(
    drawn.map((each) =>
      limit(async () => {
        const ours = await playOurs(each, world);
        const theirs =
          beside === undefined || beside === each.moment ? await playTheirs(each, world) : undefined;
        over += 1;
        onNote(`${over}/${drawn.length} ${nameOf(each)}: ${ours.end}, pg_dump ${theirs?.end ?? 'not tried'}`);
        return { ...each, ours, theirs };
      }),
    ),
  );
  return report(seed, played);
}

function draw({ parts, seed, cases }: ConcurrencyOptions): readonly Case[] {
  const random = seededOrder(seed);
  const enumerated = KINDS.flatMap((kind) =>
    MOMENTS.map((moment): Scene => ({
      parts: [{ kind, rows: ENUMERATED_ROWS, pausesMs: [0] }],
      moment,
      stands: true,
    })),
  );
  const upTo = (bound: number) => 1 + Math.floor(random.fraction() * bound);
  const part = (): Part => ({
    kind: random.pick(KINDS),
    rows: 10 + upTo(DRAWN.rows),
    pausesMs: Array.from({ length: upTo(DRAWN.rounds) }, () => upTo(DRAWN.pauseMs)),
  });
  const scenes = [...enumerated];
  while (scenes.length < cases)
    scenes.push({
      parts: [part(), ...Array.from({ length: upTo(DRAWN.applications - 1) }, part)],
      moment: random.pick(MOMENTS),
      stands: random.fraction() < 0.5,
    });
  return scenes
    .slice(0, cases)
    .map((scene, n) => ({ ...scene, n }))
    .filter((each) => parts.every((wanted) => nameOf(each).includes(wanted)));
}

interface World {
  readonly server: PostgresServer;
  readonly shelf: Shelf;
  readonly folder: string;
}

interface Outcome {
  readonly end: 'good' | 'refused' | 'lost' | 'held up' | 'wrong';
  readonly found: string;
  readonly yields: number;
  readonly waits: LiveDatabase['waits'];
}

async function playOurs(scene: Case, { server, shelf }: World): Promise<Outcome> {
  return await judged(scene, { server, name: `ours_${scene.n}`, lets: 'lets go' }, (parts) =>
    holdfast({ ...parts, shelf, pgBin: server.bin }),
  );
}

async function playTheirs(scene: Case, { server, folder }: World): Promise<Outcome> {
  return await judged(scene, { server, name: `theirs_${scene.n}`, lets: 'holds on' }, (parts) =>
    Promise.resolve({ ...stock({ ...parts, folder, pgBin: server.bin }), yields: () => 0 }),
  );
}

interface Whose {
  readonly server: PostgresServer;
  readonly name: string;
  readonly lets: 'lets go' | 'holds on';
}

async function judged(
  scene: Case,
  { server, name, lets }: Whose,
  open: (parts: {
    server: Secret;
    gate: Gate;
    live: LiveDatabase;
  }) => Promise<Backup & { yields: () => number }>,
): Promise<Outcome> {
  const address = new Secret(server.superuserUrl);
  await using gate = await openGate(server.port);
  await using live = await LiveDatabase.create(address, name);
  const backup = await open({ server: address, gate, live });
  const outcome = (end: Outcome['end'], found = ''): Outcome => ({
    end,
    found,
    yields: backup.yields(),
    waits: live.waits,
  });
  try {
    await using played = await play(scene, live, backup, lets);
    const { taken, apps, heldUp } = played;
    if (heldUp) return outcome('held up', 'somebody waited for the backup until it was told to go on');
    if ('refused' in taken)
      return outcome(
        lets === 'holds on' || CONTENTION.has(taken.refused) ? 'refused' : 'wrong',
        `${taken.refused} after ${taken.tries}: ${taken.said}`,
      );
    const found = await lossesOf(taken, live, apps);
    if (found.length > 0 || lets === 'holds on')
      return outcome(found.length === 0 ? 'good' : 'lost', found.join('; '));
    const next = await backup.take();
    if ('refused' in next) return outcome('wrong', `${next.refused} when nobody was at work any more`);
    const later = await lossesOf(next, live, apps);
    return outcome(
      later.length === 0 ? 'good' : 'lost',
      later.map((loss) => `the next one: ${loss}`).join('; '),
    );
  } catch (thrown) {
    return outcome('wrong', thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  }
}

async function lossesOf(
  { restore, sequencesMs }: Exclude<Taken, { readonly refused: string }>,
  live: LiveDatabase,
  apps: readonly Application[],
): Promise<readonly string[]> {
  await using restored = await restore();
  return await differences(restored.url, { live, apps, sequencesMs });
}

function report(
  seed: number,
  played: readonly (Case & { readonly ours: Outcome; readonly theirs: Outcome | undefined })[],
): ConcurrencyReport {
  const ends = (end: Outcome['end']) => played.filter(({ ours }) => ours.end === end).length;
  const waits = played.flatMap((each) => each.ours.waits.map((wait) => ({ ...wait, of: nameOf(each) })));
  const longest = waits.toSorted((a, b) => b.ms - a.ms)[0];
  const lost = played.filter(({ theirs }) => theirs?.end === 'lost');
  return {
    suite: 'database-concurrency',
    seed,
    cases: played.length,
    classes: counted(played.map(({ moment }) => moment)),
    silentLosses: ends('lost'),
    refused: ends('refused'),
    yields: played.reduce((sum, { ours }) => sum + ours.yields, 0),
    waits: waits.length,
    waitMsMax: Math.round(longest?.ms ?? 0),
    longestWait: longest === undefined ? '' : `${longest.of}: ${longest.statement}`,
    heldUp: ends('held up'),
    wrong: ends('wrong'),
    pgDumpLosses: lost.length,
    pgDumpLost: counted(lost.flatMap(({ parts }) => parts.map(({ kind }) => kind.name))),
    faults: played
      .filter(({ ours }) => !['good', 'refused'].includes(ours.end))
      .map((each) => ({ case: nameOf(each), found: `${each.ours.end}: ${each.ours.found}` })),
  };
}

function nameOf({ n, parts, moment, stands }: Case): string {
  const kinds = parts.map(({ kind }) => kind.name).join(' and ');
  return `${n} ${kinds}, ${moment}${stands ? '' : ' that goes on'}`;
}
