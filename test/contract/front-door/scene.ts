import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readStack } from '#deploy/local/stack.ts';
import { makeFolder, openScene, type Scene } from '#test/e2e/scene.ts';
import {
  openOutsideClient,
  type Fields,
  type How,
  type OutsideClient,
  type Refusal,
} from './outside-client.ts';

/** A running stack with a small EDMS, and an outside client of each of its five doors. */
export interface DoorScene extends AsyncDisposable {
  readonly scene: Scene;
  readonly deployment: string;
  readonly token: string;
  readonly addresses: Readonly<Record<string, string>>;
  readonly doors: ReadonlyMap<string, OutsideClient>;
  /** The answer of a call that must be answered; of the coordinator's door when no other is named. */
  answer(method: string, request: object, where?: Where): Promise<Fields>;
  /** The refusal of a call that must be refused. */
  refusal(method: string, request: object, where?: Where): Promise<Refusal>;
  /** Follows a run to its end by WatchRun, and tells what GetRun says then. */
  ended(runId: string): Promise<Fields>;
  pidOf(process: string): Promise<number>;
  /** Resolves when the service has logged that this method's call failed with this code. */
  loggedFailure(service: string, method: string, code: string): Promise<void>;
}

/** One thing the doors must do. */
export type Drive = (door: DoorScene) => Promise<void>;

export interface Where extends How {
  readonly at?: string;
}

export const COORDINATOR = 'restore-coordinator';
export const RUNS = 'holdfast.coordinator.v1.RunService';

export async function openDoorScene(): Promise<DoorScene> {
  await using stack = new AsyncDisposableStack();
  const second = await makeFolder('front-door-second', stack);
  const env = { HOLDFAST_SECOND_STORE_URL: `disk:${second}` };
  const scene = stack.use(await openScene('front-door', { env }));
  const { home } = scene.stack;
  const { addresses, tokenFile } = (await readStack(home))!;
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const doors = new Map<string, OutsideClient>();
  for (const [service, address] of Object.entries(addresses))
    doors.set(service, stack.use(await openOutsideClient(address, token)));
  const ask = (method: string, request: object, { at = COORDINATOR, ...how }: Where = {}) =>
    doors.get(at)!.call(method, request, how);
  const owned = stack.move();
  return {
    scene,
    deployment: scene.deployment,
    token,
    addresses,
    doors,
    async answer(method, request, where) {
      const { answer, refused } = await ask(method, request, where);
      if (refused !== undefined) throw new Error(`${method} was refused: ${JSON.stringify(refused)}`);
      return answer;
    },
    async refusal(method, request, where) {
      const { answer, refused } = await ask(method, request, where);
      if (refused === undefined) throw new Error(`${method} was answered: ${JSON.stringify(answer)}`);
      return refused;
    },
    async ended(runId) {
      await Array.fromAsync(doors.get(COORDINATOR)!.stream(`${RUNS}/WatchRun`, { run_id: runId }));
      return (await ask(`${RUNS}/GetRun`, { run_id: runId })).answer!;
    },
    async pidOf(name) {
      // One that was just killed is on its way back.
      for (let tries = 0; tries < 300; tries += 1) {
        const stack = await readStack(home);
        const process = stack?.processes.find((each) => each.name === name)?.process;
        if (process !== undefined && process !== null && isThere(process.pid)) return process.pid;
        await pause(100);
      }
      throw new Error(`${name} does not come back`);
    },
    async loggedFailure(service, method, code) {
      for (let tries = 0; tries < 300; tries += 1) {
        const lines = (await readFile(join(home, 'logs', `${service}.log`), 'utf8')).split('\n');
        const failed = lines.filter((line) => line.includes('"call.failed"') && line.includes(`/${method}"`));
        if (failed.some((line) => line.includes(`"${code}"`))) return;
        await pause(100);
      }
      throw new Error(`${service} does not say that ${method} ended ${code}`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
