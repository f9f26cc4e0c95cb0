import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { EVENTS } from '#libs/telemetry/names.ts';
import { journalPrefix, readChain } from './ledger.ts';
import { replicaName } from './replica-name.ts';
import type { Stack } from './stack.ts';

/** Somebody who stands still. */
export interface Stopped {
  /** By the clock of this machine. */
  readonly atMs: number;
  /** It had the run, or the step, in its hands: it was not stopped a moment too late. */
  readonly caught: boolean;
  readonly logFile: string;
  thaw(): void;
}

/** The command is taken within this time, or by nobody that could be stopped. */
const TAKEN_MS = 3_000;

/** The coordinator that the run's journal names as its owner. */
export async function stopOwner(stack: Stack, runId: string): Promise<Stopped | undefined> {
  const owner = (await readChain(stack.store, journalPrefix(runId))).findLast(
    ({ event }) => event.kind === 'owned',
  );
  const name = stack.nameAt(Number(/\d+$/.exec(owner?.event.by ?? '')?.[0]));
  if (name === undefined) return undefined;
  const stopped = stop(stack, name);
  const journal = await readChain(stack.store, journalPrefix(runId));
  return { ...stopped, caught: journal.at(-1)?.event.kind !== 'finished' };
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
      return { ...stopped, caught: (await lastWordOf(logFile(), runId, step)) === EVENTS.stepStarted };
    }
    await pause(5);
  }
  return undefined;
}

function stop(stack: Stack, name: string): Omit<Stopped, 'caught'> {
  stack.freeze(name);
  return { atMs: Date.now(), logFile: stack.member(name).logFile(), thaw: () => stack.thaw(name) };
}

/** What the process said last about a step of a run; undefined when it never had it. */
async function lastWordOf(logFile: string, runId: string, step: string): Promise<string | undefined> {
  const lines = (await readFile(logFile, 'utf8')).split('\n');
  const line = lines.findLast((each) => each.includes(runId) && each.includes(`"step":"${step}"`));
  return line === undefined ? undefined : (JSON.parse(line) as { event: string }).event;
}
