import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declareWorld, startHoldfast, type RunningStack } from '#test/demo/holdfast-scheme.ts';
import type { Holdfast, Spoken } from '#test/demo/holdfast.ts';
import { createWorld, workInIt, type World } from '#test/demo/world.ts';

/** A small EDMS somebody worked in, and a stack with a store outside its home. Disposing ends and removes all. */
export interface Scene extends AsyncDisposable {
  readonly folder: string;
  readonly world: World;
  readonly stack: RunningStack;
  readonly holdfast: Holdfast;
  readonly deployment: string;
  readonly storeFolder: string;
  readonly specFile: string;
}

export async function openScene(
  name: string,
  how: StackOptions & { readonly home?: string; readonly store?: string } = {},
): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const folder = await makeFolder(name, opened);
  const world = opened.use(await createSmallWorld(folder));
  await workInIt(world, 1);
  const { home = join(folder, 'home'), store: storeFolder = join(folder, 'store'), ...options } = how;
  const stack = opened.use(await startStackFor(world, { home, store: storeFolder, ...options }));
  const deployment = await declareWorld(stack, world);
  const specFile = join(stack.home, 'deployments', `${deployment}.yaml`);
  const owned = opened.move();
  return {
    folder,
    world,
    stack,
    holdfast: stack.holdfast,
    deployment,
    storeFolder,
    specFile,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export interface StackOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly through?: readonly string[];
}

export async function makeFolder(name: string, owner: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `holdfast-${name}-`));
  owner.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function createSmallWorld(folder: string): Promise<World> {
  const size = { scale: 'seed', rows: 0, files: 0, seed: 1 } as const;
  return await createWorld({ folder: join(folder, 'world'), ...size, onNote: () => {} });
}

export async function startStackFor(
  world: World,
  { home, store, env = {}, through = [] }: { home: string; store: string } & StackOptions,
): Promise<RunningStack> {
  return await startHoldfast({ home, store, env: { ...world.environment, ...env }, through });
}

export interface SpokenError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly problems: readonly { code: string; subject: string; message: string; remedy: string }[];
}

/** The error of a command, or of the run it watched. */
export function errorOf({ answer }: Pick<Spoken, 'answer'>): SpokenError {
  const run = answer['run'] as { error: SpokenError | null } | undefined;
  const error = (answer['error'] as SpokenError | undefined) ?? run?.error;
  if (error === undefined || error === null) throw new Error(`no error in ${JSON.stringify(answer)}`);
  return error;
}

/** As an administrator, in the server's own database when none is named; rows without decoration. */
export async function psql(world: World, statement: string, database?: string): Promise<string> {
  const url = new URL(world.postgres.superuserUrl);
  if (database !== undefined) url.pathname = `/${database}`;
  const words = ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-d', url.href, '-c', statement];
  return (await execa(join(world.postgres.bin, 'psql'), words)).stdout;
}
