import { HoldfastError } from '#libs/kernel/errors.ts';
import { spanIdOf } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import { sitesOf } from '#libs/contracts/sites.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import type { StepCommand } from '#libs/contracts/step.ts';
import type { Bus, BusEvent } from '#libs/bus/port.ts';
import type { BuildService, Host, Wiring } from '#libs/runtime/host.ts';
import { readSpec } from '#libs/runtime/spec-store.ts';
import { sitesField } from '#libs/saga/journal.ts';
import { deploymentLog } from '#libs/saga/log.ts';
import { openLogs } from '#libs/saga/logs.ts';
import { EVENTS, GAUGES } from '#libs/telemetry/names.ts';
import { traceparentOf, type Tracing } from '#libs/telemetry/tracing.ts';
import { startDueTimer, type DueTimer } from './adapters/due-timer.ts';
import { startDrillTimer } from './adapters/drill-timer.ts';
import { inquiryOf } from './adapters/inquiry.ts';
import { manifestStore } from './adapters/manifest-store.ts';
import { progressListener } from './adapters/progress.ts';
import { RunRegistry } from './adapters/run-registry.ts';
import { specRecords } from './adapters/spec-records.ts';
import { leftOutValues } from './domain/manifest.ts';
import { traceOf } from './domain/run-trace.ts';
import { onDue } from './handlers/on-due.ts';
import { onEdmsEvent } from './handlers/on-edms-event.ts';
import type { CoordinatorPorts } from './ports.ts';
import { openDrill } from './rpc/start-drill.ts';
import { sagaOf } from './sagas/all.ts';
import { localBodies } from './sagas/bodies.ts';

/** Builds the adapters; runs and questions to the workers begin when bus and caller are there (`start`). */
export const buildService: BuildService<CoordinatorPorts> = async (host) => {
  let due: DueTimer | undefined;
  const ring = () => due?.ring();
  const fixed = fixedPorts(host, ring);
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
      const registry = stack.use(registryOf(host, wiring, { ...fixed, inquiry }, ring));
      wired = { runs: registry, inquiry };
      stack.use(await wiring.bus.listen(subjects.anyEvent, (event) => registry.notify(runOf(event.data))));
      host.log.info(EVENTS.runRecovered, { runs: await registry.recover(wiring.adopts) });
      stack.use(await consumeTriggers(wiring.bus, host, ports, ring));
      if (host.onlyAsked !== true) {
        due = stack.use(startDueTimer(dueDeps(host, ports)));
        const drillBySlot = (deployment: string, key: string) =>
          openDrill({ deployment, backupId: 'latest', principal: 'policy', origin: 'slot', key }, ports);
        stack.use(startDrillTimer(ports, drillBySlot, host.log));
      }
      return stack.move();
    },
    [Symbol.asyncDispose]: async () => {},
  };
};

function fixedPorts(host: Host, onDeclared: () => void): Omit<CoordinatorPorts, 'runs' | 'inquiry'> {
  const { store, repository, clock } = host;
  const specs = specRecords(store);
  const logs = openLogs(store, clock);
  return {
    specs: { ...specs, declare: (yaml) => specs.declare(yaml).finally(onDeclared) },
    manifests: manifestStore(store, repository, logs.read),
    record: async (deployment, event) => void (await logs.append(deployment, () => event)),
    readLog: logs.read,
    verifyLog: async (deployment, signal) => {
      const log = deploymentLog(store, deployment);
      return { entries: await log.refresh({ signal }), headDigest: log.head };
    },
    repositoryId: repository.id,
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

function registryOf(
  host: Host,
  { bus, tracing }: Wiring,
  ports: Omit<CoordinatorPorts, 'runs'>,
  onEnded: () => void,
): RunRegistry {
  const { store, clock, log } = host;
  return new RunRegistry({
    store,
    clock,
    log,
    sagaOf,
    drive: {
      send: (command, signal) => publishCommand(bus, host, command, signal),
      sendCancel: async (runId) =>
        bus.emit({
          ...envelope(host, subjects.cancel(runId), 'holdfast.step.v1.CancelSteps'),
          deployment: '',
          data: { runId },
        }),
      runLocal: (name, header, outcomes, signal) => localBodies[name]!(header, outcomes, ports, signal),
      site: host.site,
    },
    sitesOf: async ({ deployment, specVersion, relocationJson = '' }) =>
      sitesField(sitesOf(await readSpec(store, { deployment, specVersion, relocationJson }))),
    listDeployments: ports.specs.list,
    listenProgress: progressListener(bus),
    onFinished: async (state, entries) => {
      const { runId, deployment, kind } = state.header;
      onEnded();
      await tracing.exportSpans(traceOf(entries));
      if (kind === 'backup') await tellLeftOut(deployment, ports, tracing);
      const data = { runId, deployment, kind, outcome: state.status };
      await bus.publish({
        ...envelope(host, subjects.event(deployment, runId), 'holdfast.step.v1.RunFinished'),
        id: `${runId}/finished`,
        deployment,
        data,
      });
    },
  });
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

/** Same run, step and attempt: same message id, so a command sent again after a crash is one command. */
async function publishCommand(
  bus: Bus,
  host: Host,
  command: StepCommand,
  signal: AbortSignal,
): Promise<void> {
  const { runId, step, attempt, deployment } = command;
  const publication = {
    ...envelope(host, subjects.command(command.service, command.site), 'holdfast.step.v1.StepCommand'),
    id: `${runId}/${step}/${attempt}`,
    deployment,
    data: command as unknown as Json,
    traceparent: traceparentOf(runId, spanIdOf(runId, step, attempt)),
  };
  await bus.publish(publication, { signal });
}

function envelope(host: Host, subject: string, type: string) {
  return { subject, type, source: `holdfast/${host.service}/${host.site}` };
}

function runOf(data: unknown): string {
  const runId = (data as { runId?: unknown } | undefined)?.runId;
  return typeof runId === 'string' ? runId : '';
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
