import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';

import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { frontDoorOf, type FrontDoor, type Run, type RunEvent } from '#services/operator/cli/front-door.ts';
import { SmallSystem, PARTS, type Seen, type Side } from '../pivot/system.ts';
import { openStack, type Stack, type StackOptions } from './stack.ts';

export const KINDS = ['backup', 'restore', 'verify', 'drill'] as const;
export type Kind = (typeof KINDS)[number];

export const DEPLOYMENT = 'edms';
/** A case that is not over by then is stuck. */
const CASE_MS = 90_000;
const ASK_AGAIN_MS = 300;
/** Some seconds of work for a run, and no more. */
const BULK = { rows: 80_000, files: 160, fileBytes: 128 * 1024 };

/** A run about to begin, with the system as it must be afterwards. */
export interface Scene {
  readonly kind: Kind;
  readonly requestId: string;
  /** Live before the run; and after it when it fails. */
  readonly before: Side;
  /** Live after a run that completed. */
  readonly after: Side;
  /** Of the system, before the run. */
  readonly databases: readonly string[];
  /** Asks for the run, as often as it takes: the same request is the same run. */
  ask(): Promise<string>;
}

export interface Theatre extends AsyncDisposable {
  readonly stack: Stack;
  readonly system: SmallSystem;
  setScene(kind: Kind): Promise<Scene>;
  /** The run at its end; undefined when there is none in time. Every journal entry is told once. */
  follow(runId: string, onEvent?: (event: RunEvent) => void): Promise<Run | undefined>;
  /** What is wrong with how the run ended, by content. */
  judge(scene: Scene, run: Run): Promise<string | undefined>;
}

export async function openTheatre(options: Omit<StackOptions, 'folder'>): Promise<Theatre> {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-theatre-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const stack = owned.use(await openStack({ ...options, folder: join(folder, 'stack') }));
  const system = new SmallSystem({
    folder,
    tag: randomBytes(4).toString('hex'),
    server: stack.postgresUrl,
    pgBin: stack.pgBin,
    paired: false,
    bulk: BULK,
  });
  await appendFile(stack.home.envFile, `DATABASE_URL=${system.url}\n`);
  await system.become('taken');
  const door = frontDoorOf(stack.caller);
  await door.declareDeployment(specOf(system));
  const play: Play = { stack, system, door };
  const theatre = owned.move();
  return {
    stack,
    system,
    setScene: (kind) => setScene(play, kind),
    follow: (runId, onEvent) => follow(stack, runId, onEvent),
    judge: (scene, run) => judge(play, scene, run),
    [Symbol.asyncDispose]: () => theatre.disposeAsync(),
  };
}

interface Play {
  readonly stack: Stack;
  readonly system: SmallSystem;
  readonly door: FrontDoor;
}

function specOf({ app, envFile }: SmallSystem): string {
  return JSON.stringify({
    deployment: DEPLOYMENT,
    database: { url: { env: 'DATABASE_URL' } },
    files: { roots: [{ name: 'storage', path: join(app, 'storage') }] },
    config: { envFiles: [envFile], trees: [{ name: 'certificates', path: join(app, 'certificates') }] },
    hooks: { stop: [['true']], start: [['true']] },
  });
}

async function setScene({ stack, system, door }: Play, kind: Kind): Promise<Scene> {
  await stack.healthy();
  const before = kind === 'restore' ? 'later' : 'taken';
  // A backup takes what was never taken before, so that it has work.
  if (kind === 'backup' || kind === 'restore' || !isWholly(await system.look(), before))
    await system.become(before);
  const requestId = `${kind}-${randomBytes(6).toString('hex')}`;
  const wish = { deployment: DEPLOYMENT, backupId: 'latest' };
  const plan = kind === 'restore' ? await asked(() => door.planRestore(wish)) : undefined;
  if (plan !== undefined && plan.problems.length > 0)
    throw new Error(`the restore is refused: ${JSON.stringify(plan.problems)}`);
  const start = (): Promise<Run> => {
    switch (kind) {
      case 'backup':
        return door.startBackup({ deployment: DEPLOYMENT, requestId, acceptChanges: true });
      case 'restore':
        return door.startRestore({ ...wish, planDigest: plan!.planDigest, requestId });
      case 'verify':
        return door.startVerify({ ...wish, level: 0, requestId });
      case 'drill':
        return door.startDrill({ ...wish, requestId });
      default:
        return kind satisfies never;
    }
  };
  return {
    kind,
    requestId,
    before,
    after: 'taken',
    databases: await system.databases(),
    ask: async () => (await asked(start)).runId,
  };
}

/** Until it is answered: whoever was asked may have died of it. */
async function asked<T>(question: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + CASE_MS;
  for (;;) {
    try {
      return await question();
    } catch (thrown) {
      if (HoldfastError.from(thrown).entry.retry !== 'transient' || performance.now() > deadline)
        throw thrown;
      await pause(ASK_AGAIN_MS);
    }
  }
}

async function follow(
  stack: Stack,
  runId: string,
  onEvent: (event: RunEvent) => void = () => {},
): Promise<Run | undefined> {
  const late = AbortSignal.timeout(CASE_MS);
  const door = frontDoorOf(stack.caller, late);
  let seen = 0;
  while (!late.aborted) {
    try {
      for await (const event of door.watchRun(runId, seen)) {
        if (event.sequence <= seen) continue;
        seen = event.sequence;
        onEvent(event);
      }
      const run = await door.getRun(runId);
      if (run.finishedAt !== '') return run;
    } catch {
      // Whoever was asked is away; another, or the same one again, knows as much.
    }
    await pause(ASK_AGAIN_MS);
  }
  return undefined;
}

async function judge({ stack, system, door }: Play, scene: Scene, run: Run): Promise<string | undefined> {
  const { state, error } = run;
  const completed = state === 'completed';
  const code = error?.code ?? '';
  if (!completed && (code === '' || new HoldfastError(code as 'INTERNAL', {}).entry.retry === 'bug'))
    return `${state} ${code}: ${error?.message ?? 'without a named error'}`;
  await stack.healthy();
  const seen = await system.look();
  const wanted = completed ? scene.after : scene.before;
  if (!isWholly(seen, wanted)) return `${state} ${code}, and the system is ${textOf(seen)}, not ${wanted}`;
  const left = await leftBehind(system, scene, run);
  if (left.length > 0) return `${state} ${code}, and left ${left.join(', ')}`;
  const { runs } = await asked(() => door.listRuns({ deployment: DEPLOYMENT, pageSize: 100, pageToken: '' }));
  const open = runs.filter(({ finishedAt }) => finishedAt === '');
  if (open.length > 0) return `in progress: ${open.map(({ kind, runId }) => `${kind} ${runId}`).join()}`;
  return undefined;
}

/** What a run made for itself and did not take away: databases, places in trees, a sandbox. */
async function leftBehind(
  system: SmallSystem,
  { kind, databases }: Scene,
  { runId, state }: Run,
): Promise<readonly string[]> {
  const keeps = kind === 'restore' && state === 'completed';
  const more = (await system.databases()).filter((name) => !databases.includes(name));
  const kept = keeps ? 1 : 0;
  const sandbox = join(tmpdir(), `holdfast-drill-${runId}`);
  const isThere = await stat(sandbox).then(
    () => true,
    () => false,
  );
  return [
    ...(more.length === kept ? [] : [`databases ${more.join('+') || 'too few'}`]),
    ...(keeps ? [] : await placesBelow(system.app, runId)),
    ...(isThere ? [sandbox] : []),
  ];
}

async function placesBelow(app: string, runId: string): Promise<string[]> {
  const names = await readdir(app, { recursive: true });
  return names.filter((name) => /\.holdfast\/[^/]+$/.test(name) && name.includes(runId));
}

export function isWholly(seen: Seen, side: Side): boolean {
  return PARTS.every((part) => seen[part] === side);
}

export function textOf(seen: Seen): string {
  return PARTS.map((part) => `${part} ${seen[part]}`).join(', ');
}
