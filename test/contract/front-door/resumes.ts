import assert from 'node:assert/strict';
import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { chooseFreePort } from '#deploy/local/free-ports.ts';
import { isGrpcHealthy } from '#deploy/local/probes.ts';
import { killProcess } from '#test/demo/kill.ts';
import { openOutsideClient, StreamRefused, type Fields, type OutsideClient } from './outside-client.ts';
import { COORDINATOR, RUNS, type DoorScene, type Drive } from './scene.ts';

const START = 'holdfast.coordinator.v1.BackupService/StartBackup';

/** A stream of WatchRun that is cut goes on where it was cut, wherever it is asked for. */
export const resumes: Readonly<Record<string, Drive>> = {
  'a watched run, cut after each entry and asked for again at two coordinators, of which one is killed, is told whole and once':
    async (door) => {
      await using second = await openSecondCoordinator(door);
      const watchers = [door.doors.get(COORDINATOR)!, second.door];
      const { run_id } = await door.answer(START, {
        deployment: door.deployment,
        request_id: 'cut again and again',
      });
      const told: Fields[] = [];
      const killed: Promise<void>[] = [];
      for (let cuts = 0; told.at(-1)?.['kind'] !== 'finished' && cuts < 1_000; cuts += 1) {
        if (told.length === 6 && killed.length === 0)
          killed.push(killProcess(door.scene.stack.home, COORDINATOR));
        const entry = await nextEntry(watchers[cuts % 2]!, run_id, told.at(-1)?.['sequence'] ?? 0);
        if (entry === undefined) await pause(100);
        else told.push(entry);
      }
      await Promise.all(killed);
      // The client may still be about to dial it anew.
      for (let tries = 0; (await nextEntry(watchers[0]!, run_id, 0)) === undefined && tries < 100; tries += 1)
        await pause(100);
      assert.equal(killed.length, 1);
      assert.deepEqual(
        told.map(({ sequence }) => sequence),
        told.map((_, index) => index + 1),
      );
      const whole = await Array.fromAsync(second.door.stream(`${RUNS}/WatchRun`, { run_id }));
      assert.deepEqual(told, whole);
    },
};

/** The first entry after a sequence; undefined when this door has none to tell now. */
async function nextEntry(
  door: OutsideClient,
  run_id: string,
  after_sequence: number,
): Promise<Fields | undefined> {
  try {
    for await (const event of door.stream(`${RUNS}/WatchRun`, { run_id, after_sequence }))
      if (event['sequence'] > 0) return event;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof StreamRefused && thrown.refused.code === 'UNAVAILABLE') return undefined;
    throw thrown;
  }
}

/** The same program, with the same environment, behind a door of its own. */
async function openSecondCoordinator(
  door: DoorScene,
): Promise<AsyncDisposable & { readonly door: OutsideClient }> {
  await using stack = new AsyncDisposableStack();
  const pid = await door.pidOf(COORDINATOR);
  const words = async (name: string) =>
    (await readFile(`/proc/${pid}/${name}`, 'utf8')).split('\0').slice(0, -1);
  const [program, ...rest] = await words('cmdline');
  const pairs = (await words('environ')).map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const address = `127.0.0.1:${await chooseFreePort()}`;
  const running = execa(program!, rest, {
    env: { ...Object.fromEntries(pairs), HOLDFAST_LISTEN: address },
    extendEnv: false,
    stdio: 'ignore',
    reject: false,
  });
  stack.defer(async () => {
    running.kill('SIGTERM');
    await running;
  });
  while (!(await isGrpcHealthy(address, AbortSignal.timeout(3_000)))) await pause(100);
  const client = stack.use(await openOutsideClient(address, door.token));
  const owned = stack.move();
  return { door: client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
