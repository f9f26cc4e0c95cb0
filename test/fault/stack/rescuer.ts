import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endGroup, sendSignal } from '#deploy/local/end-process.ts';
import { spawnLogged } from '#deploy/local/spawn-logged.ts';
import { PROGRAM_FILE } from '#services/operator/cli/bundled.ts';
import { logPrefix, readChain } from './ledger.ts';
import { DEPLOYMENT } from './scenes.ts';
import type { Stack } from './stack.ts';
import { takenOver, type Stopped } from './stopped.ts';

/** A `rescue` beside the stack, on the same store: it drives a restore with services of its own. */
export interface Rescuer extends AsyncDisposable {
  /** Of its restore, as soon as the log has it. */
  runId(): Promise<string>;
  stop(runId: string): Stopped;
}

const OPENED_MS = 60_000;

export async function startRescue(stack: Stack): Promise<Rescuer> {
  const { home, store, storeUrl, credentials, pgBin } = stack;
  const known = (await readChain(store, logPrefix(DEPLOYMENT))).length;
  const logFile = join(home.logFolder, 'rescue.log');
  const words = ['--store', storeUrl, '--key', home.keyFile, '--env-file', home.envFile];
  const { pid, ended } = await spawnLogged({
    command: [process.execPath, PROGRAM_FILE, 'rescue', ...words, '--deployment', DEPLOYMENT, '--yes'],
    env: {
      ...process.env,
      HOLDFAST_STORE_ACCESS_KEY: credentials.accessKey,
      HOLDFAST_STORE_SECRET_KEY: credentials.secretKey,
      HOLDFAST_PG_BIN: pgBin,
    },
    cwd: '/',
    logFile,
    detached: true,
  });
  let over = false;
  void ended.then(() => (over = true));
  return {
    async runId() {
      const deadline = performance.now() + OPENED_MS;
      while (performance.now() < deadline) {
        const log = (await readChain(store, logPrefix(DEPLOYMENT))).slice(known);
        const opened = log.find(({ event }) => event.kind === 'opened');
        if (opened !== undefined) return opened.event.runId!;
        if (over) break;
        await pause(100);
      }
      throw new Error(`the rescue opened no run, see ${logFile}`);
    },
    stop(runId) {
      const caught = !over;
      if (caught) sendSignal(-pid, 'SIGSTOP');
      const atMs = Date.now();
      return {
        atMs,
        caught,
        logFile,
        thaw: () => sendSignal(-pid, 'SIGCONT'),
        lost: () => takenOver(store, runId, atMs),
      };
    },
    async [Symbol.asyncDispose]() {
      if (!over) endGroup(pid);
      await ended;
    },
  };
}
