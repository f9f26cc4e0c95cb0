import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declareWorld, startHoldfast } from './holdfast-scheme.ts';
import type { Theatre } from './theatre.ts';
import { createWorld, pauseEdms, workInIt } from './world.ts';

/** A small world with a stack of its own, for tests in which one thing after another happens. */
export async function openTheatre(
  options: { readonly spiteful?: boolean } = {},
): Promise<Theatre & AsyncDisposable> {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-theatre-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const size = { scale: 'seed', rows: 0, files: 0, seed: 1 } as const;
  const onNote = () => {};
  const world = owned.use(await createWorld({ ...size, ...options, folder: join(folder, 'world'), onNote }));
  await workInIt(world, 1);
  await pauseEdms(world);
  const stack = owned.use(
    await startHoldfast({ home: join(folder, 'home'), store: 'disk', env: world.environment }),
  );
  const deployment = await declareWorld(stack, world);
  const kept = owned.move();
  return {
    world,
    stack,
    deployment,
    seed: 1,
    onNote,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
