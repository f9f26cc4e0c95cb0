import { endGroup, sendSignal } from '#deploy/local/end-process.ts';
import { startPostgres, type PostgresServer } from '#deploy/local/postgres-server.ts';
import type { ProcessPlan } from '#deploy/local/processes.ts';
import type { Pace } from '#deploy/local/restart-delay.ts';
import { SupervisedProcess } from '#deploy/local/supervised-process.ts';
import { setTimeout as pause } from 'node:timers/promises';

/** One process of the stack, kept running by a supervisor. */
export interface Member {
  readonly name: string;
  readonly pid: () => number | undefined;
  /** SIGKILL; the supervisor starts it again. */
  kill(): Promise<void>;
  /** SIGKILL, and it stays away. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** SIGKILL to all of it, without a wait: this process ends. */
  end(): void;
  isHealthy(): boolean;
  readonly logFile: () => string;
}

/** In a hurry, but with the product's own supervisor. */
const PACE: Pace = {
  restartMs: 300,
  restartMsMax: 1_000,
  steadyMs: 2_000,
  healthMs: 60_000,
  probeEveryMs: 150,
  graceMs: 4_000,
};

export function supervised(plan: ProcessPlan): Member {
  let child = new SupervisedProcess(plan, PACE, () => {});
  const pid = () => child.state.process?.pid;
  const signal = (how: NodeJS.Signals): void => {
    const running = pid();
    if (running !== undefined) sendSignal(running, how);
  };
  return {
    name: plan.name,
    pid,
    async kill() {
      const killed = pid();
      signal('SIGKILL');
      // Until the supervisor knows, what it says of it is of before.
      while (killed !== undefined && pid() === killed) await pause(POLL_MS);
    },
    async down() {
      const stopped = child.stop();
      signal('SIGKILL');
      await stopped;
    },
    async up() {
      child = new SupervisedProcess(plan, PACE, () => {});
      await child.start();
    },
    end() {
      const running = pid();
      if (running !== undefined) endGroup(running);
    },
    isHealthy: () => child.state.status === 'healthy',
    logFile: () => plan.logFile,
  };
}

const POLL_MS = 5;

/** PostgreSQL on the same data and port, as often as it is killed. A power cut is not among the faults. */
export async function postgresMember(
  dataFolder: string,
): Promise<Member & { readonly server: () => PostgresServer; discard(): Promise<void> }> {
  const settings = { fsync: 'off' };
  let server = await startPostgres({ dataFolder, settings });
  let running = true;
  const down = async (): Promise<void> => {
    running = false;
    await server.kill();
  };
  const up = async (): Promise<void> => {
    const { port, dataFolder: placed, bin } = server;
    server = await startPostgres({ dataFolder: placed, bin, port, settings });
    running = true;
  };
  return {
    name: 'postgres',
    server: () => server,
    pid: () => (running ? server.pid : undefined),
    async kill() {
      await down();
      await pause(PACE.restartMs);
      await up();
    },
    down,
    up,
    end: () => running && sendSignal(server.pid, 'SIGKILL'),
    isHealthy: () => running,
    logFile: () => server.logFile,
    discard: () => server.discard(),
  };
}
