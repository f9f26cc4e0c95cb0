import { HoldfastError } from '#libs/kernel/errors.ts';
import { spanIdOf } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import type { StepCommand } from '#libs/contracts/step.ts';
import type { Bus } from '#libs/bus/port.ts';
import type { BuildService, Host, Wiring } from '#libs/runtime/host.ts';
import { appendToLog } from '#libs/saga/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { traceparentOf } from '#libs/telemetry/tracing.ts';
import { startDrillTimer } from './adapters/drill-timer.ts';
import { inquiryOf } from './adapters/inquiry.ts';
import { manifestStore } from './adapters/manifest-store.ts';
import { progressListener } from './adapters/progress.ts';
import { RunRegistry } from './adapters/run-registry.ts';
import { specRecords } from './adapters/spec-records.ts';
import { traceOf } from './domain/run-trace.ts';
import { onEdmsEvent } from './handlers/on-edms-event.ts';
import type { CoordinatorPorts } from './ports.ts';
import { openDrill } from './rpc/start-drill.ts';
import { sagaOf } from './sagas/all.ts';
import { localBodies } from './sagas/bodies.ts';

/** Builds the adapters; runs and questions to the workers begin when bus and caller are there (`start`). */
export const buildService: BuildService<CoordinatorPorts> = async (host) => {
  const fixed = fixedPorts(host);
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
      const registry = stack.use(registryOf(host, wiring, { ...fixed, inquiry }));
      wired = { runs: registry, inquiry };
      stack.use(await wiring.bus.listen(subjects.anyEvent, (event) => registry.notify(runOf(event.data))));
      stack.use(await consumeTriggers(wiring.bus, host, ports));
      host.log.info(EVENTS.runRecovered, { runs: await registry.recover() });
      const drillBySlot = (deployment: string, key: string) =>
        openDrill({ deployment, backupId: 'latest', principal: 'policy', origin: 'slot', key }, ports);
      stack.use(startDrillTimer(ports, drillBySlot, host.log));
      return stack.move();
    },
    [Symbol.asyncDispose]: async () => {},
  };
};

function fixedPorts(host: Host): Omit<CoordinatorPorts, 'runs' | 'inquiry'> {
  const { store, repository, clock } = host;
  return {
    specs: specRecords(store),
    manifests: manifestStore(store, repository),
    record: async (deployment, event) => void (await appendToLog(store, deployment, event, { clock })),
    repositoryId: repository.id,
    clock,
  };
}

function registryOf(
  host: Host,
  { bus, tracing }: Wiring,
  ports: Omit<CoordinatorPorts, 'runs'>,
): RunRegistry {
  const { store, clock, log } = host;
  return new RunRegistry({
    store,
    clock,
    log,
    sagaOf,
    drive: {
      send: (command) => publishCommand(bus, host, command),
      sendCancel: async (runId) =>
        bus.emit({
          ...envelope(host, subjects.cancel(runId), 'holdfast.step.v1.CancelSteps'),
          deployment: '',
          data: { runId },
        }),
      runLocal: (name, header, outcomes, signal) => localBodies[name]!(header, outcomes, ports, signal),
      siteOf: () => host.site,
    },
    listDeployments: ports.specs.list,
    listenProgress: progressListener(bus),
    onFinished: async (state, entries) => {
      const { runId, deployment, kind } = state.header;
      await tracing.exportSpans(traceOf(entries));
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

/** Same run, step and attempt: same message id, so a command sent again after a crash is one command. */
async function publishCommand(bus: Bus, host: Host, command: StepCommand): Promise<void> {
  const { runId, step, attempt, deployment } = command;
  await bus.publish({
    ...envelope(host, subjects.command(command.service, command.site), 'holdfast.step.v1.StepCommand'),
    id: `${runId}/${step}/${attempt}`,
    deployment,
    data: command as unknown as Json,
    traceparent: traceparentOf(runId, spanIdOf(runId, step, attempt)),
  });
}

function envelope(host: Host, subject: string, type: string) {
  return { subject, type, source: `holdfast/${host.service}/${host.site}` };
}

function runOf(data: unknown): string {
  const runId = (data as { runId?: unknown } | undefined)?.runId;
  return typeof runId === 'string' ? runId : '';
}

function consumeTriggers(bus: Bus, host: Host, ports: CoordinatorPorts): Promise<AsyncDisposable> {
  return bus.consume(
    { stream: 'EDMS', durable: 'restore-coordinator', filterSubject: subjects.anyTrigger, slots: 1 },
    async ({ event }) => {
      const runId = await onEdmsEvent({ ...event, subject: event.deployment }, ports);
      host.log.info(runId === undefined ? EVENTS.triggerIgnored : EVENTS.triggerAccepted, {
        run_id: runId,
        type: event.type,
      });
    },
  );
}
