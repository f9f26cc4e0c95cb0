import { durationMs } from '#libs/kernel/duration.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sitesOf } from '#libs/contracts/sites.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import type { Bus, BusEvent } from '#libs/bus/port.ts';
import { DESCRIPTION_OBJECT } from '#libs/repository/description.ts';
import type { BuildService, Host, Wiring } from '#libs/runtime/host.ts';
import { readSpec } from '#libs/runtime/spec-store.ts';
import { sitesField } from '#libs/saga/journal.ts';
import { deploymentLog, type LogEntry } from '#libs/saga/log.ts';
import { openLogs, type Logs } from '#libs/saga/logs.ts';
import { EVENTS, GAUGES } from '#libs/telemetry/names.ts';
import type { Tracing } from '#libs/telemetry/tracing.ts';
import { announcer } from './adapters/announcer.ts';
import { backupLocks } from './adapters/backup-locks.ts';
import { Beats } from './adapters/beats.ts';
import { Caretaker } from './adapters/caretaker.ts';
import { startDueTimer, type DueTimer } from './adapters/due-timer.ts';
import { startPeriodicTimer, type Periodic } from './adapters/periodic-timer.ts';
import { cleaningWorld } from './adapters/cleaning-world.ts';
import { inquiryOf } from './adapters/inquiry.ts';
import { manifestStore } from './adapters/manifest-store.ts';
import { progressListener } from './adapters/progress.ts';
import { RunDriver } from './adapters/run-driver.ts';
import { RunRegistry } from './adapters/run-registry.ts';
import { careOf } from './adapters/second-store.ts';
import { specRecords } from './adapters/spec-records.ts';
import { leftOutValues } from './domain/manifest.ts';
import { isRecorded } from './domain/recorded.ts';
import { traceOf } from './domain/run-trace.ts';
import { onDue } from './handlers/on-due.ts';
import { onEdmsEvent } from './handlers/on-edms-event.ts';
import type { CoordinatorPorts, Runs } from './ports.ts';
import { openDueDrill } from './rpc/start-drill.ts';
import { openDuePrune } from './rpc/start-prune.ts';
import { openDueReplicate } from './rpc/start-replicate.ts';
import { openDueScrub } from './rpc/start-scrub.ts';
import { sagaOf } from './sagas/all.ts';
import { localBodies } from './sagas/bodies.ts';

/** What policies let start by itself. */
const PERIODIC: readonly Periodic[] = [
  { kind: 'drill', everyOf: ({ drill }) => drill?.every, open: openDueDrill },
  { kind: 'prune', everyOf: ({ keep, lock }) => (keep ?? lock) && '1d', open: openDuePrune },
  { kind: 'replicate', everyOf: ({ replicate }) => replicate?.every, open: openDueReplicate },
  // A share each day.
  { kind: 'scrub', everyOf: ({ scrub }) => scrub && '1d', open: openDueScrub },
];

/** Builds the adapters; runs and questions to the workers begin when bus and caller are there (`start`). */
export const buildService: BuildService<CoordinatorPorts> = async (host) => {
  let due: DueTimer | undefined;
  const ring = () => due?.ring();
  const logs = openLogs(host.store, host.clock, (deployment, err) => {
    host.log.error(EVENTS.checkpointBroken, { deployment_id: deployment, err });
  });
  const fixed = fixedPorts(host, logs, ring);
  let wired: Pick<CoordinatorPorts, 'runs' | 'inquiry'> | undefined;
  const requireWired = () => {
    if (wired === undefined)
      throw new HoldfastError('SERVICE_UNREACHABLE', { service: host.service, reason: 'still starting' });
    return wired;
  };
  const ports: CoordinatorPorts = {
    ...fixed,
    get runs() {
      return requireWired().runs;
    },
    get inquiry() {
      return requireWired().inquiry;
    },
  };
  return {
    ports,
    async start(wiring) {
      const inquiry = inquiryOf(wiring.caller);
      await using stack = new AsyncDisposableStack();
      const registry = stack.use(await startRuns(host, wiring, { ...fixed, inquiry, logs }, ring));
      wired = { runs: registry.runs, inquiry };
      stack.use(await consumeTriggers(wiring.bus, host, ports, ring));
      if (host.onlyAsked !== true) {
        due = stack.use(startDueTimer(dueDeps(host, ports)));
        stack.use(startPeriodicTimer(ports, PERIODIC, host.log));
      }
      return stack.move();
    },
    [Symbol.asyncDispose]: async () => {},
  };
};

function fixedPorts(
  host: Host,
  logs: Logs,
  onDeclared: () => void,
): Omit<CoordinatorPorts, 'runs' | 'inquiry'> {
  const { store, repository, clock } = host;
  const specs = specRecords(store);
  const manifests = manifestStore(store, repository, logs.read);
  return {
    specs: { ...specs, declare: (yaml) => specs.declare(yaml).finally(onDeclared) },
    manifests,
    clean: (options) =>
      repository.clean(cleaningWorld({ store, logs, manifests, listDeployments: specs.list }), options),
    lockBackups: backupLocks({ store, repository, manifests }),
    requireLocks: async (signal) =>
      await store.retain(DESCRIPTION_OBJECT, new Date(clock.now() + durationMs('1d')), { signal }),
    record: async (deployment, event) =>
      void (await logs.append(deployment, (entries) => (isRecorded(entries, event) ? undefined : event))),
    readLog: logs.read,
    logs,
    verifyLog: async (deployment, isAsked, signal) => {
      const log = deploymentLog(store, deployment);
      const entries: LogEntry[] = [];
      for await (const entry of log.scan({ signal })) if (isAsked(entry)) entries.push(entry);
      return { entries, total: log.next, headDigest: log.head };
    },
    repositoryId: repository.id,
    ...careOf(host, logs),
    clock,
  };
}

function dueDeps({ clock, log }: Host, ports: CoordinatorPorts) {
  return {
    listDeployments: ports.specs.list,
    look: (deployment: string) => onDue(deployment, ports),
    clock,
    log,
  };
}

/** Runs that this process opens and drives, from now until it is disposed. */
async function startRuns(
  host: Host,
  { bus, tracing, adopts }: Wiring,
  ports: Omit<CoordinatorPorts, 'runs'> & { readonly logs: Logs },
  onEnded: () => void,
): Promise<AsyncDisposable & { readonly runs: Runs }> {
  const { store, clock, log, instance, takeoverMs } = host;
  const { logs } = ports;
  const told = announcer(host, bus);
  await using stack = new AsyncDisposableStack();
  const beats = stack.use(new Beats({ store, instance, takeoverMs, log }));
  const driver: RunDriver = stack.use(
    new RunDriver({
      store,
      clock,
      log,
      sagaOf,
      drive: {
        send: told.command,
        sendCancel: told.cancel,
        runLocal: (name, header, outcomes, signal) =>
          localBodies[name]!(header, outcomes, { ...ports, runs }, signal),
        site: host.site,
      },
      close: (state) => caretaker.close(state),
      onRoom: () => caretaker.ring(),
      onFinished: async (state, entries) => {
        onEnded();
        await tracing.exportSpans(traceOf(entries));
        if (state.header.kind === 'backup') await tellLeftOut(state.header.deployment, ports, tracing);
        await told.finished(state);
      },
    }),
  );
  const caretaker: Caretaker = stack.use(
    new Caretaker({ store, logs, clock, log, driver, beats, instance, takeoverMs, adopts }),
  );
  const runs = new RunRegistry({
    store,
    logs,
    clock,
    driver,
    caretaker,
    sagaOf,
    sitesOf: async ({ deployment, specVersion, relocationJson = '' }) =>
      sitesField(sitesOf(await readSpec(store, { deployment, specVersion, relocationJson }))),
    listDeployments: ports.specs.list,
    listenProgress: progressListener(bus),
    tellNews: told.news,
  });
  stack.use(await bus.listen(subjects.anyEvent, (event) => runs.notify(runOf(event.data))));
  stack.use(
    await bus.listen(subjects.anyAlive, (event) => runs.hear(runOf(event.data), textOf(event.data, 'step'))),
  );
  for (const deployment of (await ports.specs.list()).filter(adopts))
    await runs.reconcile(deployment, await ports.readLog(deployment));
  await caretaker.start();
  const owned = stack.move();
  return { runs, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** From the store, so that whoever tells it after a restart tells the same. */
async function tellLeftOut(
  deployment: string,
  { manifests }: Pick<CoordinatorPorts, 'manifests'>,
  tracing: Tracing,
): Promise<void> {
  for await (const entry of manifests.list(deployment)) {
    if ('damaged' in entry) continue;
    await tracing.exportGauge(GAUGES.backupLeftOut, leftOutValues(entry.manifest));
    return;
  }
}

const runOf = (data: unknown): string => textOf(data, 'runId');

function textOf(data: unknown, field: string): string {
  const value = (data as Readonly<Record<string, unknown>> | undefined)?.[field];
  return typeof value === 'string' ? value : '';
}

function consumeTriggers(
  bus: Bus,
  host: Host,
  ports: CoordinatorPorts,
  onAccepted: () => void,
): Promise<AsyncDisposable> {
  return bus.consume(
    { stream: 'EDMS', durable: 'restore-coordinator', filterSubject: subjects.anyTrigger, slots: 1 },
    async ({ event }) => {
      const deployment = deploymentOf(event);
      const outcome = await onEdmsEvent({ ...event, subject: deployment }, ports);
      host.log.info(outcome === 'ignored' ? EVENTS.triggerIgnored : EVENTS.triggerAccepted, {
        deployment_id: deployment,
        type: event.type,
        outcome,
      });
      if (outcome === 'accepted') onAccepted();
    },
  );
}

/** The subject says whose event it is; one that says another itself is malformed. */
function deploymentOf({ subject, deployment }: BusEvent): string {
  const addressed = subject.slice(subjects.trigger('').length);
  if (deployment !== '' && deployment !== addressed)
    throw new HoldfastError('MESSAGE_MALFORMED', {
      subject,
      deployment,
      reason: 'sent for another deployment',
    });
  return addressed;
}
