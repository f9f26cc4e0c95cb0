import { openMemoryBus } from '#libs/bus/memory.ts';
import type { Bus } from '#libs/bus/port.ts';
import type { ServiceName } from '#libs/contracts/services.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { addresseeOf, routedCaller, type BoundServices, type Caller } from '#libs/rpc/caller.ts';
import { createInlineCaller } from '#libs/rpc/inline.ts';
import { noTracing, type Tracing } from '#libs/telemetry/tracing.ts';
import { bindServices } from './bind.ts';
import type { ServiceContract } from './contract.ts';
import type { BuildService, Host, Wiring } from './host.ts';
import { takeWork } from './start-service.ts';

/** A service as one process can hold it beside others. */
export interface InlineService {
  readonly service: ServiceName;
  build(host: Host): Promise<BuiltInline>;
}

interface BuiltInline extends AsyncDisposable {
  readonly serves: BoundServices;
  takeWork(stack: AsyncDisposableStack, wiring: Wiring): Promise<void>;
}

export interface Inline extends AsyncDisposable {
  readonly caller: Caller;
  readonly bus: Bus;
  /** What each service serves, by addressee. */
  readonly serves: ReadonlyMap<string, BoundServices>;
}

export function inlineService<Ports>(
  contract: ServiceContract<Ports>,
  buildService: BuildService<Ports>,
): InlineService {
  return {
    service: contract.service,
    async build(host) {
      const built = await buildService(host);
      return {
        serves: bindServices(contract, built.ports, host),
        takeWork: (stack, wiring) => takeWork(stack, contract, built, host, wiring),
        [Symbol.asyncDispose]: () => built[Symbol.asyncDispose](),
      };
    },
  };
}

/**
 * The five services, or some, in one process: the same handlers, calls without a wire. Without a bus of the caller's it
 * is one in memory: what is queued dies with the process; results and journals are in the store as ever.
 */
export async function composeInline(options: {
  readonly services: readonly InlineService[];
  readonly host: Omit<Host, 'service'>;
  /** Sites besides the host's own whose commands are taken here too. */
  readonly sites?: readonly string[];
  readonly principal?: string;
  readonly bus?: Bus;
  /** Asks services of sites that are not here. */
  readonly elsewhere?: Caller;
  readonly tracingOf?: (service: ServiceName) => Tracing;
  /** Whose open runs are continued here; nobody's when not given. */
  readonly adopts?: (deployment: string) => boolean;
}): Promise<Inline> {
  const {
    services,
    host,
    principal = 'operator',
    tracingOf = () => noTracing,
    adopts = () => false,
  } = options;
  await using stack = new AsyncDisposableStack();
  const stopping = new AbortController();
  const bus = options.bus ?? stack.use(openMemoryBus({ log: host.log, clock: host.clock }));
  const built: { service: ServiceName; site: string; inline: BuiltInline }[] = [];
  for (const each of services) {
    const { service } = each;
    const sites = new Set([host.site, ...(service === 'restore-coordinator' ? [] : (options.sites ?? []))]);
    for (const site of sites) {
      const own = { ...host, service, site, log: host.log.child({ service }) };
      built.push({ service, site, inline: stack.use(await each.build(own)) });
    }
  }
  const serves = new Map(
    built.map(({ service, site, inline }) => [addresseeOf(service, site, host.site), inline.serves]),
  );
  const inside = createInlineCaller({ services: Object.fromEntries(serves), site: host.site, principal });
  const { elsewhere } = options;
  const caller = elsewhere === undefined ? inside : routedCaller(host.site, inside, elsewhere);
  const work = stack.use(new AsyncDisposableStack());
  for (const { service, inline } of workersFirst(built)) {
    const tracing = tracingOf(service);
    await inline.takeWork(work, { bus, caller, tracing, adopts, signal: stopping.signal });
  }
  stack.defer(() => stopping.abort(new HoldfastError('CANCELLED', { reason: 'process ends' })));
  const owned = stack.move();
  return { caller, bus, serves, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The coordinator continues open runs as soon as it starts: those who answer it must be there. */
function workersFirst<T extends { service: ServiceName }>(built: readonly T[]): T[] {
  return built.toSorted(
    (a, b) => Number(a.service === 'restore-coordinator') - Number(b.service === 'restore-coordinator'),
  );
}
