import { setTimeout as sleep } from 'node:timers/promises';
import { ACK_WAIT_MS, type RawDelivery } from '#libs/bus/deliver.ts';
import { encodeEvent } from '#libs/bus/envelope.ts';
import { notice } from '#libs/bus/notice.ts';
import type { Bus, BusEvent, ConsumeOptions } from '#libs/bus/port.ts';
import { runSlots, type Fetch } from '#libs/bus/slots.ts';
import { parkedSubject } from '#libs/bus/streams.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { request } from '../world/network.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { BrokerConsumer, Claimed, SimBroker } from './broker.ts';
import { isCutOff, type Weather } from './weather.ts';

const PUBLISH_DEADLINE_MS = 30_000;
const AGAIN_MS = 500;

interface Deps {
  readonly world: Scheduler;
  readonly weather: Weather;
  readonly broker: SimBroker;
  readonly log: Log;
  readonly clock: Clock;
}

/** One process's connection. Delivery and slots are the product's own; the wire between it and the broker is not. */
export function simBus(deps: Deps): Bus {
  const { broker, log, clock } = deps;
  const owned = new AsyncDisposableStack();
  const store = (subject: string, id: string, bytes: Uint8Array, signal?: AbortSignal) =>
    ask(deps, () => broker.add(subject, id, bytes), signal);
  return {
    async publish(publication, { signal, deadlineMs = PUBLISH_DEADLINE_MS } = {}) {
      const bytes = encodeEvent(publication, clock);
      const giveUpMs = performance.now() + deadlineMs;
      for (;;) {
        try {
          return await store(publication.subject, publication.id, bytes, signal);
        } catch (error) {
          signal?.throwIfAborted();
          if (performance.now() > giveUpMs) throw error;
          await sleep(AGAIN_MS, undefined, signal && { signal });
        }
      }
    },
    consume(options, handler) {
      const running = runSlots(
        options,
        fetchOf(deps, options),
        handler,
        log.child({ durable: options.durable }),
      );
      owned.use(running);
      return Promise.resolve(running);
    },
    emit(note) {
      const bytes = encodeEvent(note, clock);
      if (!isCutOff(deps.weather, deps.world.process)) broker.emit(note.subject, bytes);
    },
    listen(subject: string, handler: (event: BusEvent) => void) {
      const listening = broker.listen(subject, (bytes, on) => notice(bytes, on, handler, log));
      owned.use(listening);
      return Promise.resolve({
        [Symbol.asyncDispose]: () => {
          listening[Symbol.dispose]();
          return Promise.resolve();
        },
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A request to the broker: cut off it fails, and an answer may be lost. */
function ask<T>({ world, weather }: Deps, effect: () => T, signal?: AbortSignal): Promise<T> {
  const { random, process } = world;
  const { lost, slow } = weather.bus;
  const gone = () => new HoldfastError('BUS_UNREACHABLE', { reason: 'no answer' });
  const refuses = isCutOff(weather, process) || random.chance(lost);
  const answerLost = !refuses && random.chance(lost) ? gone : undefined;
  const thereMs = random.between(1, 5) * slow;
  const backMs = random.between(1, 5) * slow + (refuses || answerLost ? 200 : 0);
  return request(world, { thereMs, backMs, signal, lost: answerLost }, () => {
    if (refuses) throw gone();
    return effect();
  });
}

/** Nothing comes back: it arrives or it does not. */
function send({ world, weather }: Deps, effect: () => void): void {
  const { random, process } = world;
  const { lost, slow } = weather.bus;
  if (isCutOff(weather, process) || random.chance(lost)) return;
  world.afterInWorld(random.between(1, 5) * slow, () => world.within(process, effect));
}

function fetchOf(deps: Deps, options: ConsumeOptions): Fetch {
  const { world, weather, broker } = deps;
  const { stream, durable, filterSubject, ackWaitMs = ACK_WAIT_MS } = options;
  const deliveryOf = (from: BrokerConsumer, claimed: Claimed): RawDelivery => {
    const { message, attempt } = claimed;
    const { sequence, subject, bytes } = message;
    const done = () =>
      ask(deps, () => {
        if (from.isGone) throw new HoldfastError('BUS_UNREACHABLE', { reason: 'another broker' });
        from.done(sequence);
      });
    return {
      subject,
      bytes,
      attempt,
      working: () => send(deps, () => from.postpone(sequence, attempt, ackWaitMs)),
      ack: done,
      nak: (delayMs) => send(deps, () => from.postpone(sequence, attempt, delayMs)),
      async park(reason, told) {
        world.note(`parks ${subject}: ${reason.code}`);
        await ask(deps, () => broker.add(parkedSubject(stream), `${stream}:${sequence}:${durable}`, bytes));
        await told();
        await done();
      },
    };
  };
  return (signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return resolve(undefined);
      const { process, random } = world;
      const end = (): void => {
        waiting[Symbol.dispose]();
        resolve(undefined);
      };
      signal.addEventListener('abort', end, { once: true });
      const from = broker.stream(stream).consumer(durable, filterSubject);
      const waiting = from.wait(ackWaitMs, process, (claimed) => {
        if (claimed !== undefined && random.chance(weather.bus.lost)) {
          // Handed out, and never arrived: the broker gives it to another when nobody acknowledges.
          world.after(1_000, () => end(), process);
          return;
        }
        world.after(
          random.between(1, 5) * weather.bus.slow,
          () => {
            signal.removeEventListener('abort', end);
            if (claimed === undefined)
              reject(new HoldfastError('BUS_UNREACHABLE', { reason: 'disconnected' }));
            else resolve(deliveryOf(from, claimed));
          },
          process,
        );
      });
    });
}
