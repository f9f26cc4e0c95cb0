import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { frontDoorOf, type Run, type RunEvent } from '#services/operator/cli/front-door.ts';
import { SmallSystem, PARTS, type Seen } from '../pivot/system.ts';
import { asked, DEPLOYMENT, isWholly, KEEPS, setScene, specOf, type Kind, type Scene } from './scenes.ts';
import { openStack, type Stack, type StackOptions } from './stack.ts';

/** A case that is not over by then is stuck. */
const CASE_MS = 90_000;
const LOOK_AGAIN_MS = 300;
/** Some seconds of work for a run, and no more. */
const BULK = { rows: 60_000, files: 160, fileBytes: 64 * 1024 };

export interface Theatre extends AsyncDisposable {
  readonly stack: Stack;
  readonly system: SmallSystem;
  setScene(kind: Kind): Promise<Scene>;
  /** The run at its end; undefined when there is none in time. Every journal entry is told once. */
  follow(runId: string, onEvent?: (event: RunEvent) => void): Promise<Run | undefined>;
  /** What is wrong with how the run ended, by content. */
  judge(scene: Scene, run: Run): Promise<string | undefined>;
}

/** Ports are chosen before they are taken: where more is going on, another process may have been first. */
const OPENINGS_MAX = 3;

export async function openTheatre(options: Omit<StackOptions, 'folder'>): Promise<Theatre> {
  for (let openings = 1; ; openings += 1) {
    try {
      return await openOnce(options);
    } catch (thrown) {
      if (openings === OPENINGS_MAX || HoldfastError.from(thrown).code !== 'TOOL_FAILED') throw thrown;
    }
  }
}

async function openOnce(options: Omit<StackOptions, 'folder'>): Promise<Theatre> {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-theatre-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const stack = owned.use(await openStack({ ...options, folder }));
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
  await frontDoorOf(stack.caller).declareDeployment(specOf(system));
  const undisturbed = async (runId: string): Promise<void> => {
    const run = await follow(stack, runId);
    if (run?.state !== 'completed')
      throw new Error(`undisturbed, run ${runId} is ${run?.state}: ${run?.error?.message}`);
  };
  const theatre = owned.move();
  return {
    stack,
    system,
    setScene: (kind) => setScene({ stack, system, undisturbed }, kind),
    follow: (runId, onEvent) => follow(stack, runId, onEvent),
    judge: (scene, run) => judge({ stack, system }, scene, run),
    [Symbol.asyncDispose]: () => theatre.disposeAsync(),
  };
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
    await pause(LOOK_AGAIN_MS);
  }
  return undefined;
}

async function judge(
  { stack, system }: Pick<Theatre, 'stack' | 'system'>,
  scene: Scene,
  run: Run,
): Promise<string | undefined> {
  const { state, error } = run;
  const completed = state === 'completed';
  const code = error?.code ?? '';
  if (
    !completed &&
    state !== 'cancelled' &&
    (code === '' || new HoldfastError(code as 'INTERNAL', {}).entry.retry === 'bug')
  )
    return `${state} ${code}: ${error?.message ?? 'without a named error'}`;
  await stack.healthy();
  const seen = await system.look();
  const wanted = completed ? scene.after : scene.before;
  if (!isWholly(seen, wanted)) return `${state} ${code}, and the system is ${textOf(seen)}, not ${wanted}`;
  const left = await leftBehind(system, scene, run);
  if (left.length > 0) return `${state} ${code}, and left ${left.join(', ')}`;
  const { runs } = await asked(() =>
    frontDoorOf(stack.caller).listRuns({ deployment: DEPLOYMENT, pageSize: 100, pageToken: '' }),
  );
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
  const kept = state === 'completed' ? KEEPS[kind] : 0;
  const now = await system.databases();
  const sandboxes = (await readdir(tmpdir())).filter((name) => name.startsWith(`holdfast-drill-${runId}.`));
  return [
    ...(now.length === databases.length + kept ? [] : [`databases ${now.join(', ')}`]),
    ...(kept > 0 ? [] : await placesBelow(system.app, runId)),
    ...sandboxes,
  ];
}

async function placesBelow(app: string, runId: string): Promise<string[]> {
  const names = await readdir(app, { recursive: true });
  return names.filter((name) => /\.holdfast\/[^/]+$/.test(name) && name.includes(runId));
}

export const STUCK = 'stuck';

/** The run's state, and the error it names. */
export function endOf(run: Run | undefined): string {
  return run === undefined ? STUCK : [run.state, run.error?.code ?? ''].join(' ').trim();
}

function textOf(seen: Seen): string {
  return PARTS.map((part) => `${part} ${seen[part]}`).join(', ');
}
