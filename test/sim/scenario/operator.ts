import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Caller } from '#libs/rpc/caller.ts';
import type { Judge } from '../judge.ts';
import type { Scheduler } from '../world/scheduler.ts';

interface RunView {
  readonly state: string;
  readonly waitsFor: string;
}

const AREA = 'holdfast.coordinator.v1';
const AGAIN_MS = 1_500;
const TRIES_MAX = 60;

/** A person, or a script, with the command line: asks again until there is an answer. */
export class Operator {
  readonly #world: Scheduler;
  readonly #caller: () => Caller;
  readonly #judge: Judge;
  /** Requests without an answer yet. */
  waiting = 0;

  constructor(world: Scheduler, caller: () => Caller, judge: Judge) {
    this.#world = world;
    this.#caller = caller;
    this.#judge = judge;
  }

  declare(specYaml: string): Promise<object | undefined> {
    return this.#ask('DeploymentService', 'declareDeployment', { specYaml });
  }

  backup(deployment: string, requestId: string): Promise<string | undefined> {
    return this.#start(requestId, 'BackupService', 'startBackup', {
      deployment,
      requestId,
      acceptChanges: false,
      components: [],
    });
  }

  /** Plans, approves, and starts what was planned. */
  async restore(deployment: string, requestId: string): Promise<string | undefined> {
    const wish = { deployment, backupId: '', sourceDeployment: '', components: [], relocationJson: '' };
    const plan = await this.#ask<{ planDigest: string; backupId: string }>(
      'RestoreService',
      'planRestore',
      wish,
    );
    if (plan === undefined) return undefined;
    const { planDigest, backupId } = plan;
    return await this.#start(requestId, 'RestoreService', 'startRestore', {
      ...wish,
      backupId,
      planDigest,
      requestId,
    });
  }

  rollback(deployment: string, requestId: string): Promise<string | undefined> {
    return this.#start(requestId, 'RestoreService', 'startRollback', { deployment, requestId });
  }

  release(deployment: string, requestId: string): Promise<string | undefined> {
    return this.#start(requestId, 'RestoreService', 'startRelease', { deployment, requestId });
  }

  drill(deployment: string, requestId: string): Promise<string | undefined> {
    return this.#start(requestId, 'TrialService', 'startDrill', { deployment, backupId: '', requestId });
  }

  verify(deployment: string, requestId: string): Promise<string | undefined> {
    return this.#start(requestId, 'TrialService', 'startVerify', {
      deployment,
      backupId: '',
      level: 1,
      requestId,
    });
  }

  /** Runs that say that they wait for their turn. */
  async countQueued(): Promise<number> {
    let [count, pageToken] = [0, ''];
    do {
      const page = await this.#ask<{ runs: readonly RunView[]; nextPageToken: string }>(
        'RunService',
        'listRuns',
        {
          deployment: '',
          pageSize: 500,
          pageToken,
        },
      );
      count += page!.runs.filter(
        ({ state, waitsFor }) => state === 'queued' && waitsFor.includes('its turn'),
      ).length;
      pageToken = page!.nextPageToken;
    } while (pageToken !== '');
    return count;
  }

  async cancel(runId: string): Promise<void> {
    const afterSwitch = this.#world.random.pick(['AFTER_SWITCH_TAKE_BACK', 'AFTER_SWITCH_GO_ON']);
    await this.#ask('RunService', 'cancelRun', { runId, afterSwitch });
  }

  async #start(
    requestId: string,
    service: string,
    method: string,
    request: object,
  ): Promise<string | undefined> {
    const run = await this.#ask<{ runId: string }>(service, method, request);
    if (run !== undefined) this.#judge.onAnswer(requestId, run.runId);
    return run?.runId;
  }

  /** Undefined when it was refused. */
  async #ask<Answer extends object>(
    service: string,
    method: string,
    request: object,
  ): Promise<Answer | undefined> {
    this.waiting += 1;
    try {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        try {
          return await this.#caller().call<Answer>(
            'restore-coordinator',
            `${AREA}.${service}`,
            method,
            request,
          );
        } catch (thrown) {
          const error = HoldfastError.from(thrown);
          this.#world.note(`${method} is answered ${error.code}: ${error.message}`);
          const isBusy = error.code === 'RUN_IN_PROGRESS';
          if (!isBusy && error.entry.retry !== 'transient') return undefined;
          await this.#world.pause(this.#world.random.between(AGAIN_MS / 2, AGAIN_MS * (isBusy ? 4 : 1)));
        }
      }
      return undefined;
    } finally {
      this.waiting -= 1;
    }
  }
}
