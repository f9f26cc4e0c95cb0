import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { ObjectStore } from '#libs/store/port.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { journalPrefix, readChain } from './ledger.ts';
import { replicaName } from './replica-name.ts';
import type { Stack } from './stack.ts';
import { takenOverMs } from './taken-over.ts';

/** Somebody who stands still. */
export interface Stopped {
  /** By the clock of this machine. */
  readonly atMs: number;
  /** It had the run, or the step, in its hands: it was not stopped a moment too late. */
  readonly caught: boolean;
  readonly logFile: string;
  thaw(): void;
  /** Resolves when another has what it had in its hands; false when nobody has it in time. */
  lost(): Promise<boolean>;
}

/** The command is taken within this time, or by nobody that could be stopped. */
const TAKEN_MS = 3_000;
/** What was lost is with another within this time. */
const LOST_MS = 30_000;

/** The coordinator that the run's journal names. */
export async function ownerOf(stack: Stack, runId: string): Promise<string | undefined> {
  const journal = await readChain(stack.store, journalPrefix(runId));
  const owned = journal.findLast(({ event }) => event.kind === 'owned');
  return stack.nameAt(Number(/\d+$/.exec(owned?.event.by ?? '')?.[0]));
}

export async function stopOwner(stack: Stack, runId: string): Promise<Stopped | undefined> {
  const name = await ownerOf(stack, runId);
  if (name === undefined) return undefined;
  const stopped = stop(stack, name);
  const journal = await readChain(stack.store, journalPrefix(runId));
  return {
    ...stopped,
    caught: journal.at(-1)?.event.kind !== 'finished',
    lost: () => takenOver(stack.store, runId, stopped.atMs),
  };
}

/** Another coordinator wrote that the run is its own. */
export async function takenOver(store: ObjectStore, runId: string, sinceMs: number): Promise<boolean> {
  return await soon(async () => (await takenOverMs(store, runId, sinceMs)) !== undefined);
}

/** The process of a service that has a step in hand, some time after it began. */
export async function stopWorker(
  stack: Stack,
  { runId, service, step, delayMs }: { runId: string; service: string; step: string; delayMs: number },
): Promise<Stopped | undefined> {
  const names = [0, 1].map((at) => replicaName(service, at));
  const deadline = performance.now() + TAKEN_MS;
  while (performance.now() < deadline) {
    for (const name of names) {
      const { logFile } = stack.member(name);
      if ((await lastWordOf(logFile(), runId, step)) === undefined) continue;
      await pause(delayMs);
      const stopped = stop(stack, name);
      const others = names.filter((each) => each !== name).map((each) => stack.member(each).logFile());
      return {
        ...stopped,
        caught: (await lastWordOf(logFile(), runId, step)) === EVENTS.stepStarted,
        lost: () =>
          soon(async () => {
            const words = await Promise.all(others.map((other) => lastWordOf(other, runId, step)));
            return words.some((word) => word !== undefined);
          }),
      };
    }
    await pause(5);
  }
  return undefined;
}

function stop(stack: Stack, name: string): Omit<Stopped, 'caught' | 'lost'> {
  stack.freeze(name);
  return { atMs: Date.now(), logFile: stack.member(name).logFile(), thaw: () => stack.thaw(name) };
}

async function soon(holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + LOST_MS;
  while (performance.now() < deadline) {
    if (await holds()) return true;
    await pause(50);
  }
  return false;
}

/** What the process said last about a step of a run; undefined when it never had it. */
async function lastWordOf(logFile: string, runId: string, step: string): Promise<string | undefined> {
  const lines = (await readFile(logFile, 'utf8')).split('\n');
  const line = lines.findLast((each) => each.includes(runId) && each.includes(`"step":"${step}"`));
  return line === undefined ? undefined : (JSON.parse(line) as { event: string }).event;
}
