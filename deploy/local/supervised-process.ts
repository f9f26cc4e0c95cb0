import { HoldfastError } from '#libs/kernel/errors.ts';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from './cache-folder.ts';
import { endGroup, endProcess, sendSignal } from './end-process.ts';
import { findProcess, type ProcessIdentity } from './process-identity.ts';
import { planRestartDelay, type Pace } from './restart-delay.ts';
import { readLogTail, spawnLogged, type Ended } from './spawn-logged.ts';

/** Before it was healthy once, a process that ends this often will not start: the stack says so. */
const START_ATTEMPTS = 3;
const PROBE_TIMEOUT_MS = 2_000;

export interface ProcessPlan {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly logFile: string;
  readonly port: number;
  readonly isHealthy: (signal: AbortSignal) => Promise<boolean>;
}

export interface ProcessState {
  readonly name: string;
  readonly status: 'starting' | 'healthy' | 'restarting' | 'stopped';
  readonly process: ProcessIdentity | null;
  readonly port: number;
  readonly restarts: number;
  readonly logFile: string;
  /** How it ended last: `exit 1`, `SIGKILL`; null while it never did. */
  readonly lastEnd: string | null;
}

/** One child that is kept running: started again with a growing, jittered delay whenever it ends, until `stop`. */
export class SupervisedProcess {
  readonly #plan: ProcessPlan;
  readonly #pace: Pace;
  readonly #onChange: () => void;
  readonly #stopping = new AbortController();
  #state: ProcessState;
  #loop: Promise<void> = Promise.resolve();

  constructor(plan: ProcessPlan, pace: Pace, onChange: () => void) {
    this.#plan = plan;
    this.#pace = pace;
    this.#onChange = onChange;
    const { name, port, logFile } = plan;
    this.#state = { name, port, logFile, status: 'starting', process: null, restarts: 0, lastEnd: null };
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** Resolves when it is healthy for the first time. Throws TOOL_FAILED with its last lines when it does not get there. */
  async start(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw HoldfastError.from(signal.reason);
    await new Promise<void>((resolve, reject) => {
      signal?.addEventListener('abort', () => {
        reject(HoldfastError.from(signal.reason));
      });
      this.#loop = this.#keepRunning(resolve).catch(reject);
    });
  }

  /** SIGTERM, grace, SIGKILL; then whatever it left in its process group. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const running = this.#state.process;
    if (running !== null) await endProcess(running, this.#pace.graceMs);
    await this.#loop;
    this.#update({ status: 'stopped', process: null });
  }

  async #keepRunning(onHealthy: () => void): Promise<void> {
    let wasHealthy = false;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const seen = await this.#runOnce(() => {
        wasHealthy = true;
        onHealthy();
      }).catch((error: unknown) => {
        // A program that cannot even be started later on may be back soon: an upgrade replaces it.
        if (!wasHealthy) throw error;
        return { end: 'not started', late: false };
      });
      if (this.#stopping.signal.aborted) return;
      failures = performance.now() - startedAt >= this.#pace.steadyMs ? 1 : failures + 1;
      this.#update({
        status: 'restarting',
        process: null,
        restarts: this.#state.restarts + 1,
        lastEnd: seen.end,
      });
      if (!wasHealthy && (failures >= START_ATTEMPTS || seen.late)) throw await this.#failure(seen.end);
      await this.#pause(planRestartDelay(failures, this.#pace, Math.random()));
    }
  }

  /** From start to end; tells how it ended, and whether it was ended by us because it did not become healthy. */
  async #runOnce(onHealthy: () => void): Promise<{ end: string; late: boolean }> {
    const { pid, ended } = await spawnLogged({ ...this.#plan, detached: true });
    const identity = await findProcess(pid);
    this.#update({
      status: this.#state.restarts === 0 ? 'starting' : 'restarting',
      process: identity ?? null,
    });
    // `stop` may have looked before the process was known.
    if (this.#stopping.signal.aborted && identity !== undefined)
      await endProcess(identity, this.#pace.graceMs);
    const over = new AbortController();
    const becomingHealthy = this.#waitForHealth(over.signal).then((outcome) => {
      if (outcome === 'late') sendSignal(pid, 'SIGKILL');
      if (outcome !== 'healthy') return outcome;
      this.#update({ status: 'healthy' });
      onHealthy();
      return outcome;
    });
    const end = describeEnd(await ended);
    over.abort();
    endGroup(pid);
    return { end, late: (await becomingHealthy) === 'late' };
  }

  async #waitForHealth(over: AbortSignal): Promise<'healthy' | 'late' | 'over'> {
    const deadline = performance.now() + this.#pace.healthMs;
    while (!over.aborted) {
      const signal = AbortSignal.any([over, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
      const healthy = await this.#plan.isHealthy(signal).catch(() => false);
      if (over.aborted) break;
      if (healthy) return 'healthy';
      if (performance.now() > deadline) return 'late';
      await delay(this.#pace.probeEveryMs, undefined, { signal: over }).catch(() => {});
    }
    return 'over';
  }

  async #failure(end: string): Promise<HoldfastError> {
    const { name, logFile } = this.#plan;
    const details = {
      program: name,
      ended: end,
      lastLines: await readLogTail(logFile),
      remedy: `see ${logFile}`,
    };
    return new HoldfastError('TOOL_FAILED', details);
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  #update(change: Partial<ProcessState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onChange();
  }
}

function describeEnd({ exitCode, signal }: Ended): string {
  return signal ?? `exit ${exitCode ?? 'unknown'}`;
}
