import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { takeSnapshotOutcome, type StagedDatabase } from '#libs/contracts/requests.ts';
import { parseSpec, type Spec } from '#libs/contracts/spec.ts';
import type { StepCommand, Verb } from '#libs/contracts/step.ts';
import { isoTime, systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { claimWork } from '#libs/saga/claims.ts';
import { decide } from '#libs/saga/decide.ts';
import type { RunState } from '#libs/saga/fold.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { contract } from '#services/db-snapshot/contract.ts';
import { buildService } from '#services/db-snapshot/service.ts';
import { backupSaga } from '#services/restore-coordinator/sagas/backup.ts';
import { lastSaid, type Backup, type StandingMoment, type Taken } from './backup.ts';
import { standstill, throughGate, type Gate, type Place } from './gate.ts';
import { onServer, type LiveDatabase } from './live-database.ts';

const POLL_MS = 50;
const SEQUENCES = { from: 'client', text: /last_value::text/ } as const;

/** Where all cases put their snapshots. */
export interface Shelf {
  readonly store: ObjectStore;
  readonly repository: Repository;
}

export async function openShelf(): Promise<Shelf> {
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  return { store, repository: await openRepository({ store, identity }) };
}

/**
 * The service as it is built in production, asked as the coordinator asks: a backup knows the one before it. A restore
 * stays beside the live database.
 */
export async function holdfast(parts: {
  readonly shelf: Shelf;
  readonly server: Secret;
  readonly gate: Gate;
  readonly live: LiveDatabase;
  readonly pgBin: string;
}): Promise<Backup & { readonly yields: () => number }> {
  const { shelf, server, gate, live, pgBin } = parts;
  const secrets = new Map([
    ['DB_URL', throughGate(live.url, gate)],
    ['ADMIN_URL', live.url],
  ]);
  const service = await buildService({
    service: 'db-snapshot',
    site: 'local',
    ...shelf,
    clock: systemClock,
    log: silentLog,
    requireSecret: (ref) => secrets.get('env' in ref ? ref.env : ref.file)!,
    pgBin,
    instance: 'fault',
    takeoverMs: 8000,
  });
  const spec = parseSpec(
    `deployment: ${live.name.replaceAll('_', '-')}\ndatabase: { url: { env: DB_URL }, restoreUrl: { env: ADMIN_URL } }\n`,
  ) as Spec;
  let [runId, previous] = ['', {} as Json];
  const onMark: (() => Promise<void>)[] = [];

  const run = async (verb: Verb, request: Json, attempt: number): Promise<Json> => {
    const command = {
      runId,
      deployment: spec.deployment,
      step: 'database',
      attempt,
      epoch: 1,
      service: 'db-snapshot',
      site: 'local',
      verb,
    } as StepCommand;
    const context: StepContext = {
      command,
      token: await claimWork(shelf.store, command, 'fault'),
      requireLatest: () => Promise.resolve(),
      spec,
      signal: new AbortController().signal,
      log: silentLog,
      progress: () => {},
      phase: (_, work) => work(),
      publishEarly: async () => await onMark.shift()?.(),
    };
    return await contract.consumes[verb]!(request, context, service.ports);
  };

  const sequencesMs = lastSaid(gate, SEQUENCES);
  let yields = 0;
  const countYield = () => {
    if (live.waited) yields += 1;
    live.waited = false;
    return undefined;
  };
  gate.watch({ from: 'client', text: /pg_export_snapshot/ }, countYield);
  return {
    yields: () => yields,
    standAt(moment, application) {
      if (moment !== 'right after the mark') return gate.standAt(placeOf(moment, application));
      const { pass, ...still } = standstill();
      onMark.push(pass);
      return still;
    },
    async take(): Promise<Taken> {
      runId = randomBytes(16).toString('hex');
      live.waited = false;
      const end = await asCoordinated((attempt) => run('TakeSnapshot', previous, attempt));
      if ('refused' in end) {
        countYield();
        return end;
      }
      const { snapshot } = takeSnapshotOutcome.parse(end.outcome);
      previous = { previous: snapshot } as Json;
      return {
        sequencesMs: sequencesMs(),
        async restore() {
          const staged = (await run('StageRestore', { snapshot } as Json, 1)) as unknown as StagedDatabase;
          return {
            url: withDatabase(server, staged.side),
            [Symbol.asyncDispose]: () => onServer(server, `DROP DATABASE "${staged.side}" WITH (FORCE)`),
          };
        },
      };
    },
  };
}

function placeOf(moment: Exclude<StandingMoment, 'right after the mark'>, application: string): Place {
  switch (moment) {
    case 'before the locks':
      return { from: 'client', text: /LOCK TABLE/ };
    case 'amid the rows':
      return { from: 'server', text: new RegExp(`${application}-row-`) };
    case 'near the end':
      return SEQUENCES;
    default:
      return moment satisfies never;
  }
}

/** Attempts as the coordinator decides on them, with its pauses. */
async function asCoordinated(
  attempt: (n: number) => Promise<Json>,
): Promise<
  { readonly outcome: Json } | { readonly refused: string; readonly said: string; readonly tries: number }
> {
  const header = { parameters: { components: ['database'] } };
  const saga = backupSaga(header);
  const now = () => isoTime(systemClock);
  let steps: RunState['steps'] = {
    preflight: { state: 'completed', attempt: 1, startedAt: now(), endedAt: now(), outcome: {}, phases: [] },
  };
  let tries = 0;
  for (;;) {
    const [next] = decide(saga, { header, status: 'running', steps } as unknown as RunState, Date.now());
    if (next?.kind === 'undo-started') return { refused: next.error.code, said: next.error.message, tries };
    if (next?.kind !== 'step-scheduled') {
      await pause(POLL_MS);
      continue;
    }
    tries = next.attempt;
    const tried = await attempt(tries).then(
      (outcome) => ({ outcome }),
      (thrown: unknown) => ({ error: HoldfastError.from(thrown).toRecord() }),
    );
    if ('outcome' in tried) return tried;
    const failed = {
      state: 'failed',
      attempt: tries,
      startedAt: now(),
      endedAt: now(),
      error: tried.error,
    } as const;
    steps = { ...steps, database: failed };
  }
}
