import { isDeepStrictEqual } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { connectDatabase } from '#libs/postgres/connect.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { Application } from './application.ts';
import type { Backup, Moment, StandingMoment, Taken } from './backup.ts';
import { standstill } from './gate.ts';
import type { Kind } from './kinds.ts';
import type { LiveDatabase } from './live-database.ts';
import { pictureOf } from './picture.ts';

/** What one application does in a case. */
export interface Part {
  readonly kind: Kind;
  readonly rows: number;
  /** Before each of its rounds. */
  readonly pausesMs: readonly number[];
}

export interface Scene {
  readonly parts: readonly [Part, ...Part[]];
  readonly moment: Moment;
  /** The backup stands still there until every application has done its first round, or goes on at once. */
  readonly stands: boolean;
}

const POLL_MS = 10;
/** A backup that has not let go by then does not. */
const HELD_UP_MS = 10_000;

export interface Played {
  readonly taken: Taken;
  /** Applications were still waiting when the backup had stood for so long. */
  readonly heldUp: boolean;
}

/** The applications at work while a backup is taken. One that never lets go is let go on as soon as somebody waits for it. */
export async function play(
  scene: Scene,
  live: LiveDatabase,
  backup: Backup,
  lets: 'lets go' | 'holds on',
): Promise<Played & { readonly apps: readonly Application[] } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const apps: Application[] = [];
  for (const [n, part] of scene.parts.entries()) {
    const app = stack.use(await Application.open(live, { name: `app${n}`, rows: part.rows }));
    await app.prepare(part.kind.tables(app));
    apps.push(app);
  }
  const played =
    scene.moment === 'holding their locks already'
      ? await holding(scene, { live, backup, apps })
      : await arriving({ ...scene, moment: scene.moment }, { live, backup, apps, lets });
  const owned = stack.move();
  return { ...played, apps, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Stage {
  readonly live: LiveDatabase;
  readonly backup: Backup;
  readonly apps: readonly Application[];
}

/** The first transaction of the first application is open when the backup comes, and ends when the two have met. */
async function holding({ parts }: Scene, { live, backup, apps }: Stage): Promise<Played> {
  const open = standstill();
  apps[0]!.hold = open.pass;
  const acting = act(parts, apps);
  await Promise.race([open.reached, acting.all]);
  const { clashes } = parts[0].kind;
  const marked = clashes ? undefined : backup.standAt('right after the mark', apps[0]!.name);
  const taking = settled(backup.take());
  try {
    await Promise.race([marked?.reached ?? until(() => live.isBackupWaiting(), taking.over), taking.over]);
    open.letGo();
    await acting.firsts[0];
    marked?.letGo();
    await acting.all;
  } finally {
    open.letGo();
    marked?.letGo();
    await taking.over;
  }
  return { taken: await taking.result, heldUp: false };
}

async function arriving(
  { parts, moment, stands }: Scene & { readonly moment: StandingMoment },
  { live, backup, apps, lets }: Stage & { readonly lets: 'lets go' | 'holds on' },
): Promise<Played> {
  const still = backup.standAt(moment, apps[0]!.name);
  const taking = settled(backup.take());
  await Promise.race([still.reached, taking.over]);
  if (taking.isOver()) throw new Error(`no backup stood ${moment}: ${JSON.stringify(await taking.result)}`);
  const acting = act(parts, apps);
  const clock = new AbortController();
  const tooLong = pause(HELD_UP_MS, true, { signal: clock.signal }).catch(() => true);
  const met = [
    Promise.all(acting.firsts),
    ...(lets === 'holds on' ? [until(() => Promise.resolve(live.waited), acting.all)] : []),
    tooLong,
  ];
  try {
    const heldUp = stands && (await Promise.race(met)) === true;
    still.letGo();
    await acting.all;
    return { taken: await taking.result, heldUp };
  } finally {
    clock.abort();
    still.letGo();
    await taking.over;
  }
}

function act(parts: Scene['parts'], apps: readonly Application[]) {
  const firsts = apps.map(() => Promise.withResolvers<void>());
  const all = Promise.all(
    apps.map(async (app, at) => {
      const { kind, pausesMs } = parts[at]!;
      for (const [n, ms] of pausesMs.entries()) {
        await pause(ms);
        await kind.act(app, n + 1);
        firsts[at]!.resolve();
      }
      await app.quiet();
    }),
  );
  all.catch(() => {});
  const rounds = firsts.map(({ promise }) => Promise.race([all, promise]));
  // Whoever fails is heard of by `all`.
  for (const round of rounds) round.catch(() => {});
  return { all, firsts: rounds };
}

function settled<T>(result: Promise<T>) {
  let is = false;
  const over = result.then(
    () => void (is = true),
    () => void (is = true),
  );
  return { result, over, isOver: () => is };
}

async function until(so: () => Promise<boolean>, over: Promise<unknown>): Promise<void> {
  const end = settled(over);
  while (!end.isOver() && !(await so())) await pause(POLL_MS);
}

/**
 * What of a restored database is not what the source held at one moment; that moment is the one whose number it has. An id
 * that was given out before the sequences were read is never given out again.
 */
export async function differences(
  url: Secret,
  { live, apps, sequencesMs }: { live: LiveDatabase; apps: readonly Application[]; sequencesMs: number },
): Promise<readonly string[]> {
  await using session = await connectDatabase(url);
  await session.run('SET search_path = public');
  const moments = await session.query<{ n: number }>('SELECT n FROM moment');
  if (moments.length !== 1) return [`${moments.length} numbers of its moment`];
  const { n } = moments[0]!;
  const found: string[] = [];
  for (const app of apps) {
    const now = await pictureOf(session, app.name);
    const then = live.heldAt(n, app.name);
    if (!isDeepStrictEqual(now, then))
      found.push(
        `at moment ${n} ${app.name} held ${JSON.stringify(then)}, restored is ${JSON.stringify(now)}`,
      );
    const given = app.issued.filter(({ atMs }) => atMs < sequencesMs).map(({ id }) => id);
    if (given.length === 0) continue;
    const [next] = await session.query<{ id: string }>(`SELECT nextval('${app.name}_ids') AS id`);
    if (Number(next!.id) <= Math.max(...given))
      found.push(`${app.name} was given ${Math.max(...given)}, and is given ${next!.id} again`);
  }
  return found;
}
