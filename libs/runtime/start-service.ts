import { openNatsBus } from '#libs/bus/nats.ts';
import type { Bus } from '#libs/bus/port.ts';
import { createCaller } from '#libs/rpc/client.ts';
import { openRpcServer } from '#libs/rpc/server.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { startTracing } from '#libs/telemetry/tracing.ts';
import { bindServices } from './bind.ts';
import type { ServiceConfig } from './config.ts';
import type { ServiceContract } from './contract.ts';
import type { BuildService, Host, Wiring } from './host.ts';
import { openHost, storeOf } from './open-host.ts';
import { dependenciesOn, type Dependencies } from './readiness.ts';
import { startWorker } from './worker.ts';

/** What a process begins with. */
export interface Beginning {
  readonly config: ServiceConfig;
  readonly log: Log;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
}

export interface RunningService extends AsyncDisposable {
  readonly address: string;
}

/**
 * One service on its process: store, repository and bus opened, the service built, its queue and its doors open. It
 * says SERVING last, and while bus and store are in reach. Disposing goes the other way: not serving, doors, queue, service, bus, telemetry.
 */
export async function startService<Ports>(
  contract: ServiceContract<Ports>,
  buildService: BuildService<Ports>,
  { config, log: lines, signal }: Beginning,
): Promise<RunningService> {
  const { service } = contract;
  const log = lines.child({ service });
  await using stack = new AsyncDisposableStack();
  const tracing = stack.use(
    await startTracing({ service, site: config.site, endpoint: config.otlpEndpoint }),
  );
  const host = { ...(await openHost(config, log)), service };
  const readiness = dependenciesOn(storeOf(config));
  const bus = stack.use(await openBus({ config, log, signal }, readiness));
  const token = tokenFile(config.tokenFile);
  const caller = stack.use(createCaller({ addresses: config.addresses, site: config.site, token }));
  const built = stack.use(await buildService(host));
  const server = await openRpcServer({
    listen: config.listen,
    services: bindServices(contract, built.ports, host),
    token,
    log,
    readiness,
  });
  const work = new AsyncDisposableStack();
  stack.use(work);
  stack.use(server);
  await takeWork(work, contract, built, host, { bus, caller, tracing, signal, adopts: () => true });
  server.setServing(true);
  log.info(EVENTS.serviceStarted, { address: server.address });
  const owned = stack.move();
  return { address: server.address, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What the service does unasked: its queue, and loops of its own. */
export async function takeWork<Ports>(
  stack: AsyncDisposableStack,
  contract: ServiceContract<Ports>,
  built: Awaited<ReturnType<BuildService<Ports>>>,
  host: Host,
  wiring: Wiring,
): Promise<void> {
  if (Object.keys(contract.consumes).length > 0)
    stack.use(
      await startWorker({ contract, ports: built.ports, host, bus: wiring.bus, tracing: wiring.tracing }),
    );
  if (built.start !== undefined) stack.use(await built.start(wiring));
}

export async function openBus(
  { config, log, signal }: Beginning,
  { setConnected }: Pick<Dependencies, 'setConnected'>,
): Promise<Bus> {
  const token = config.natsTokenFile === undefined ? undefined : await tokenFile(config.natsTokenFile)();
  return openNatsBus({
    url: config.natsUrl,
    token,
    ackWaitMs: config.ackWaitMs,
    name: `holdfast ${config.service} ${config.site}`,
    log,
    signal,
    onConnection: setConnected,
  });
}
