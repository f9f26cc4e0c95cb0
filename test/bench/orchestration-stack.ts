import { openNatsBus } from '#libs/bus/nats.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import type { Repository } from '#libs/repository/port.ts';
import { composeInline, inlineService } from '#libs/runtime/inline.ts';
import type { JournalEntry } from '#libs/saga/journal.ts';
import { runJournal } from '#libs/saga/journal.ts';
import { isFinished, fold } from '#libs/saga/fold.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { contract } from '#services/restore-coordinator/contract.ts';
import { buildService } from '#services/restore-coordinator/service.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { trivialWorkers } from './trivial-workers.ts';

export interface Coordination extends AsyncDisposable {
  declare(deployment: string): Promise<void>;
  /** Asks for a backup at the front door, and waits for its end. */
  backup(deployment: string, requestId: string): Promise<RunTimes>;
}

export interface RunTimes {
  readonly runId: string;
  /** Epoch milliseconds, by the clock the journal is written by. */
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly entries: readonly JournalEntry[];
}

const LOOK_MS = 20;
const RUN_MS = 60_000;

/** A coordinator and workers on a NATS server and a store, as `holdfast up --inline` has them. */
export async function openCoordination(options: {
  readonly store: ObjectStore;
  readonly repository: Repository;
  readonly natsUrl: string;
}): Promise<Coordination> {
  const { store, repository, natsUrl } = options;
  await using stack = new AsyncDisposableStack();
  const bus = stack.use(await openNatsBus({ url: natsUrl, name: 'bench', log: silentLog }));
  const inline = stack.use(
    await composeInline({
      adopts: () => true,
      bus,
      services: [...trivialWorkers(), inlineService(contract, buildService)],
      host: {
        site: 'local',
        instance: 'bench-1',
        takeoverMs: 8_000,
        store,
        repository,
        clock: systemClock,
        log: silentLog,
        requireSecret: () => {
          throw new Error('nobody needs one');
        },
        pgBin: undefined,
      },
    }),
  );
  const call = (service: string, method: string, request: object) =>
    inline.caller.call('restore-coordinator', `holdfast.coordinator.v1.${service}`, method, request);
  const owned = stack.move();
  return {
    async declare(deployment) {
      const specYaml = `deployment: ${deployment}\ndatabase: { url: { env: BENCH_URL } }\nfiles: { roots: [{ name: storage, path: /bench/storage }] }\nconfig: { envFiles: [/bench/.env] }\n`;
      await call('DeploymentService', 'declareDeployment', { specYaml });
    },
    async backup(deployment, requestId) {
      const askedAt = Date.now();
      const asked = { deployment, requestId, acceptChanges: false, components: [] };
      const { runId } = (await call('BackupService', 'startBackup', asked)) as { runId: string };
      const answeredAt = Date.now();
      return { runId, askedAt, answeredAt, entries: await endOf(store, runId) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Seldom enough to cost the run nothing that shows. */
async function endOf(store: ObjectStore, runId: string): Promise<readonly JournalEntry[]> {
  const journal = runJournal(store, runId);
  const giveUpAt = performance.now() + RUN_MS;
  for (;;) {
    const state = fold(await journal.refresh());
    if (state !== undefined && isFinished(state)) {
      if (state.status !== 'completed')
        throw new Error(`run ${runId} ended as ${state.status}: ${JSON.stringify(state.error)}`);
      return journal.entries;
    }
    if (performance.now() > giveUpAt) throw new Error(`run ${runId} did not end: ${JSON.stringify(state)}`);
    await pause(LOOK_MS);
  }
}
