import type { ServiceName } from '#libs/contracts/services.ts';
import { createCaller } from '#libs/rpc/client.ts';
import { openRpcServer } from '#libs/rpc/server.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import { EVENTS } from '#libs/telemetry/names.ts';
import { startTracing, type Tracing } from '#libs/telemetry/tracing.ts';
import { composeInline, type InlineService } from './inline.ts';
import { openHost, storeOf } from './open-host.ts';
import { dependenciesOn } from './readiness.ts';
import { runProcess } from './run-service.ts';
import { openBus, type Beginning } from './start-service.ts';

/** The five services as one process of a stack: one repository and one bus for all, and each with its own door. */
export async function runInline(services: readonly InlineService[]): Promise<void> {
  await runProcess('inline', (beginning) => startInline(services, beginning));
}

async function startInline(
  services: readonly InlineService[],
  beginning: Beginning,
): Promise<AsyncDisposable> {
  const { config, log } = beginning;
  await using stack = new AsyncDisposableStack();
  const tracing = new Map<ServiceName, Tracing>();
  for (const { service } of services)
    tracing.set(
      service,
      stack.use(await startTracing({ service, site: config.site, endpoint: config.otlpEndpoint })),
    );
  const host = await openHost(config, log);
  const readiness = dependenciesOn(storeOf(config));
  const bus = stack.use(await openBus(beginning, readiness));
  const token = tokenFile(config.tokenFile);
  const elsewhere = stack.use(createCaller({ addresses: config.addresses, site: config.site, token }));
  const inline = stack.use(
    await composeInline({
      services,
      host,
      bus,
      elsewhere,
      tracingOf: (service) => tracing.get(service)!,
      adopts: () => true,
    }),
  );
  for (const [service, serves] of inline.serves) {
    const own = log.child({ service });
    const listen = config.addresses[service] ?? config.listen;
    const server = stack.use(await openRpcServer({ listen, services: serves, token, log: own, readiness }));
    server.setServing(true);
    own.info(EVENTS.serviceStarted, { address: server.address });
  }
  return stack.move();
}
