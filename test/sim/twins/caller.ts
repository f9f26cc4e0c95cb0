import type { ServiceName } from '#libs/contracts/services.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { CALL_DEADLINE_MS, type BoundServices, type Caller, type CallOptions } from '#libs/rpc/caller.ts';
import type { Scheduler, SimProcess } from '../world/scheduler.ts';
import type { Weather } from './weather.ts';

/** What a running process serves. */
export interface Door {
  readonly service: ServiceName;
  readonly process: SimProcess;
  readonly serves: BoundServices;
}

/** Questions without a bus: to any process of the service, which may be dead, stopped, or answer too late. */
export function simCaller(
  world: Scheduler,
  weather: Weather,
  doors: ReadonlySet<Door>,
  principal: string,
): Caller {
  return {
    async call<Answer>(
      service: ServiceName,
      grpcService: string,
      method: string,
      question: object,
      { signal, deadlineMs = CALL_DEADLINE_MS }: CallOptions = {},
    ) {
      const open = [...doors].filter((door) => door.service === service && door.process.state !== 'dead');
      if (open.length === 0)
        throw new HoldfastError('SERVICE_UNREACHABLE', { service, reason: 'nobody is there' });
      const door = world.random.pick(open);
      const bound = door.serves[grpcService]?.[method];
      if (bound === undefined || !('unary' in bound))
        throw new HoldfastError('SERVICE_UNREACHABLE', { service, reason: `it does not serve ${method}` });
      const ended = new AbortController();
      const asked = ask(world, weather, door, (within) =>
        bound.unary(question, { principal, signal: within }),
      );
      const late = world.pause(deadlineMs).then(() => {
        throw new HoldfastError('DEADLINE_EXCEEDED', { service, method });
      });
      const given = new Promise<never>((_, reject) => {
        const refuse = () => reject(signal!.reason as Error);
        if (signal?.aborted === true) return refuse();
        signal?.addEventListener('abort', refuse, { once: true, signal: ended.signal });
      });
      try {
        return (await Promise.race([asked, late, given])) as Answer;
      } finally {
        ended.abort();
        late.catch(() => {});
      }
    },
    stream: () => {
      throw new HoldfastError('INTERNAL', { reason: 'streams are not simulated' });
    },
  };
}

function ask(
  world: Scheduler,
  weather: Weather,
  { process }: Door,
  work: (signal: AbortSignal) => Promise<object>,
): Promise<object> {
  const { random } = world;
  const asker = world.process;
  const ways = [random.between(1, 5), random.between(1, 5)] as const;
  const lost = [random.chance(weather.rpcLost), random.chance(weather.rpcLost)] as const;
  return new Promise((resolve, reject) => {
    const answer = (settle: () => void): void => {
      if (!lost[1]) world.after(ways[1], settle, asker);
    };
    const begin = (): void => {
      work(AbortSignal.timeout(CALL_DEADLINE_MS * 4)).then(
        (result) => answer(() => resolve(structuredClone(result))),
        (error: unknown) =>
          answer(() => reject(HoldfastError.fromRecord(HoldfastError.from(error).toRecord()))),
      );
    };
    if (!lost[0]) world.after(ways[0], begin, process);
  });
}
