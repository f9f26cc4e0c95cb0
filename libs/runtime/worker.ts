import type { Bus } from '#libs/bus/port.ts';
import { commandSchema, parseWith, type StepCommand } from '#libs/contracts/step.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import { isoTime } from '#libs/kernel/clock.ts';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import { spanIdOf } from '#libs/kernel/ids.ts';
import { EVENTS, SPANS } from '#libs/telemetry/names.ts';
import { traceparentOf, type Tracing } from '#libs/telemetry/tracing.ts';
import type { ServiceContract } from './contract.ts';
import type { Host } from './host.ts';
import { executeStep } from './run-step.ts';
import { publishResult, storeResult } from './step-records.ts';
import { WorkInHand } from './work-in-hand.ts';

/** Two runs may wait for one service; more at once would only share the same disks and cores. */
const SLOTS = 2;

export interface WorkerOptions<Ports> {
  readonly contract: ServiceContract<Ports>;
  readonly ports: Ports;
  readonly host: Host;
  readonly bus: Bus;
  readonly tracing: Tracing;
}

/** Takes the commands of this service and site from the queue, until it is disposed. */
export function startWorker<Ports>({
  contract,
  ports,
  host,
  bus,
  tracing,
}: WorkerOptions<Ports>): Promise<AsyncDisposable> {
  const { service } = contract;
  const { store, clock, log, site } = host;
  const inHand = new WorkInHand();
  return bus.consume(
    {
      stream: 'COMMANDS',
      durable: `${service}-${site}`,
      filterSubject: subjects.command(service, site),
      slots: SLOTS,
      onRenewed({ data }) {
        const command = commandSchema.safeParse(data);
        if (command.success) tellAlive(bus, command.data);
      },
      onParked: async ({ event, error }) => {
        const command = commandSchema.safeParse(event?.data);
        if (command.success) await recordGivenUp(host, bus, command.data, error);
      },
    },
    async ({ event, signal, alive }) => {
      const command = parseWith(commandSchema, event.data, 'command');
      await host.repository.refresh();
      const { runId, step, attempt, verb } = command;
      const parentTraceparent = event.traceparent ?? traceparentOf(runId, spanIdOf(runId, step, attempt));
      const attributes = {
        'holdfast.run_id': runId,
        'holdfast.step': step,
        'holdfast.attempt': attempt,
        'holdfast.verb': verb,
        'holdfast.site': site,
      };
      const taken = await inHand.take(command, (superseded) =>
        tracing.withSpan(SPANS.stepWork, { parentTraceparent, attributes }, async (span) => {
          const deps = { store, bus, clock, log, alive, signal: AbortSignal.any([signal, superseded]) };
          const result = await executeStep(contract, ports, command, deps);
          if (result?.ok === false) span.fail(result.error.code);
        }),
      );
      if (!taken) log.info(EVENTS.stepJoined, { run_id: runId, step, attempt });
    },
  );
}

/** So that a coordinator does not take long work for lost. */
function tellAlive(bus: Bus, { runId, step, attempt, deployment, service, site }: StepCommand): void {
  bus.emit({
    subject: subjects.alive(runId),
    type: 'holdfast.step.v1.StepAlive',
    source: `holdfast/${service}/${site}`,
    deployment,
    data: { runId, step, attempt, service, site },
  });
}

/** A parked command will never have a result from a handler: without this one its run would wait for the deadline. */
async function recordGivenUp(
  { store, clock }: Host,
  bus: Bus,
  command: StepCommand,
  error: HoldfastError,
): Promise<void> {
  const { runId, step, attempt, epoch, service } = command;
  const at = isoTime(clock);
  const result = await storeResult(store, {
    runId,
    step,
    attempt,
    epoch,
    service,
    startedAt: at,
    endedAt: at,
    phases: [],
    ok: false,
    error: error.toRecord(),
  });
  await publishResult(bus, command, result);
}
