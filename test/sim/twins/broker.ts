import { subjectMatches, DUPLICATE_WINDOW_MS, STREAM_RULES } from '#libs/bus/streams.ts';
import type { StreamName } from '#libs/bus/port.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Scheduler, SimProcess } from '../world/scheduler.ts';
import { isCutOff, type Weather } from './weather.ts';

export interface BrokerMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

export interface Claimed {
  readonly message: BrokerMessage;
  readonly attempt: number;
}

interface Waiting {
  readonly process: SimProcess | undefined;
  readonly take: (claimed: Claimed | undefined) => void;
}

interface Listener {
  readonly subject: string;
  readonly process: SimProcess | undefined;
  readonly take: (bytes: Uint8Array, subject: string) => void;
}

export interface BusWatch {
  /** A consumer acknowledged it. */
  onDone(stream: StreamName, message: BrokerMessage): void;
  onErased(): void;
}

/** The broker: its streams, the consumers it knows by name, and who listens. All changes are at once; the way there is the bus's. */
export class SimBroker {
  readonly #world: Scheduler;
  readonly #weather: Weather;
  #streams = new Map<StreamName, BrokerStream>();
  readonly #listeners = new Set<Listener>();
  readonly #watch: BusWatch;

  constructor(world: Scheduler, weather: Weather, watch: BusWatch) {
    this.#world = world;
    this.#weather = weather;
    this.#watch = watch;
  }

  add(subject: string, id: string, bytes: Uint8Array): { duplicate: boolean } {
    const duplicate = this.#streamOf(subject).add(subject, id, bytes);
    this.emit(subject, bytes);
    return { duplicate };
  }

  emit(subject: string, bytes: Uint8Array): void {
    for (const listener of this.#listeners)
      if (subjectMatches(listener.subject, subject)) this.#tell(listener, bytes, subject);
  }

  listen(subject: string, take: Listener['take']): Disposable {
    const listener = { subject, take, process: this.#world.process };
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  stream(name: StreamName): BrokerStream {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const made = new BrokerStream(name, this.#world, this.#weather, (message) =>
      this.#watch.onDone(name, message),
    );
    this.#streams.set(name, made);
    return made;
  }

  /** Killed, its folder erased, started again: it knows no message and no consumer; clients come back by themselves. */
  erase(): void {
    this.#world.note('the broker is erased');
    this.#watch.onErased();
    for (const stream of this.#streams.values()) stream.disconnect();
    this.#streams = new Map();
  }

  #streamOf(subject: string): BrokerStream {
    for (const name of Object.keys(STREAM_RULES) as StreamName[])
      if (STREAM_RULES[name].subjects.some((filter) => subjectMatches(filter, subject)))
        return this.stream(name);
    throw new HoldfastError('BUS_UNREACHABLE', { subject, reason: 'no stream takes this subject' });
  }

  #tell(listener: Listener, bytes: Uint8Array, subject: string): void {
    const { random } = this.#world;
    const { lost, doubled, slow } = this.#weather.bus;
    const copies = random.chance(doubled) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (random.chance(lost) || isCutOff(this.#weather, listener.process)) continue;
      this.#world.after(
        random.between(1, 8) * slow,
        () => this.#listeners.has(listener) && listener.take(bytes, subject),
        listener.process,
      );
    }
  }
}

interface Pending {
  attempt: number;
  visibleMs: number;
}

class BrokerStream {
  readonly messages = new Map<number, BrokerMessage>();
  readonly #name: StreamName;
  readonly #world: Scheduler;
  readonly #weather: Weather;
  readonly #onDone: (message: BrokerMessage) => void;
  readonly #ids = new Map<string, number>();
  readonly #consumers = new Map<string, BrokerConsumer>();
  #sequence = 0;

  constructor(
    name: StreamName,
    world: Scheduler,
    weather: Weather,
    onDone: (message: BrokerMessage) => void,
  ) {
    this.#name = name;
    this.#world = world;
    this.#weather = weather;
    this.#onDone = onDone;
  }

  /** True when its id is known: it is stored already. */
  add(subject: string, id: string, bytes: Uint8Array): boolean {
    const known = this.#ids.get(id);
    if (known !== undefined && known > this.#world.nowMs - DUPLICATE_WINDOW_MS) return true;
    this.#sequence += 1;
    this.#ids.set(id, this.#world.nowMs);
    this.messages.set(this.#sequence, { sequence: this.#sequence, subject, bytes });
    for (const consumer of this.#consumers.values()) consumer.pump();
    return false;
  }

  consumer(durable: string, filter: string): BrokerConsumer {
    const known = this.#consumers.get(durable);
    if (known !== undefined) return known;
    const made = new BrokerConsumer(this, filter, this.#world, this.#weather);
    this.#consumers.set(durable, made);
    return made;
  }

  done(sequence: number): void {
    const message = this.messages.get(sequence);
    if (message === undefined) return;
    this.#onDone(message);
    if (STREAM_RULES[this.#name].retention === 'work') this.messages.delete(sequence);
  }

  disconnect(): void {
    for (const consumer of this.#consumers.values()) consumer.disconnect();
  }
}

export class BrokerConsumer {
  readonly #stream: BrokerStream;
  readonly #filter: string;
  readonly #world: Scheduler;
  readonly #weather: Weather;
  readonly #pending = new Map<number, Pending>();
  #waiting: Waiting[] = [];
  #delivered = 0;
  #ackWaitMs = 0;
  /** Erased with its broker: whoever still speaks of it reaches nothing. */
  isGone = false;

  constructor(stream: BrokerStream, filter: string, world: Scheduler, weather: Weather) {
    this.#stream = stream;
    this.#filter = filter;
    this.#world = world;
    this.#weather = weather;
  }

  /** `take` is told undefined when the broker went away. */
  wait(ackWaitMs: number, process: SimProcess | undefined, take: Waiting['take']): Disposable {
    this.#ackWaitMs = ackWaitMs;
    const waiting = { process, take };
    this.#waiting.push(waiting);
    this.pump();
    return {
      [Symbol.dispose]: () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
      },
    };
  }

  disconnect(): void {
    this.isGone = true;
    for (const { take } of this.#waiting.splice(0)) take(undefined);
  }

  postpone(sequence: number, attempt: number, ms: number): void {
    const pending = this.#pending.get(sequence);
    // A claim that ran out and was taken by another may no longer move the message.
    if (pending?.attempt !== attempt) return;
    pending.visibleMs = this.#world.nowMs + ms;
    this.#lookAgainIn(ms);
  }

  done(sequence: number): void {
    this.#pending.delete(sequence);
    this.#stream.done(sequence);
  }

  /** Hands out what is due to who waits. */
  pump(): void {
    const { random } = this.#world;
    this.#waiting = this.#waiting.filter(({ process }) => process?.state !== 'dead');
    while (this.#waiting.length > 0) {
      const reachable = this.#waiting.filter(({ process }) => !isCutOff(this.#weather, process));
      if (reachable.length === 0) return this.#lookAgainIn(1_000);
      const message = this.#due() ?? this.#fresh();
      if (message === undefined) return;
      const chosen = random.pick(reachable);
      this.#waiting = this.#waiting.filter((other) => other !== chosen);
      chosen.take(this.#claim(message));
    }
  }

  #claim(message: BrokerMessage): Claimed {
    const attempt = (this.#pending.get(message.sequence)?.attempt ?? 0) + 1;
    this.#pending.set(message.sequence, { attempt, visibleMs: this.#world.nowMs + this.#ackWaitMs });
    this.#lookAgainIn(this.#ackWaitMs);
    return { message, attempt };
  }

  #lookAgainIn(ms: number): void {
    this.#world.afterInWorld(ms + 1, () => this.pump());
  }

  #due(): BrokerMessage | undefined {
    for (const [sequence, { visibleMs }] of this.#pending) {
      if (visibleMs > this.#world.nowMs) continue;
      const message = this.#stream.messages.get(sequence);
      if (message !== undefined) return message;
      this.#pending.delete(sequence);
    }
    return undefined;
  }

  #fresh(): BrokerMessage | undefined {
    const { random } = this.#world;
    for (const message of this.#stream.messages.values()) {
      if (message.sequence <= this.#delivered || this.#pending.has(message.sequence)) continue;
      this.#delivered = message.sequence;
      if (!subjectMatches(this.#filter, message.subject)) continue;
      // Overtaken: others come first, and it later.
      if (!random.chance(this.#weather.bus.reordered)) return message;
      // A moment, or as long as one that a worker took with it, or gave back with a pause.
      const laterMs = random.between(10, random.pick([3_000, 90_000]));
      this.#pending.set(message.sequence, { attempt: 0, visibleMs: this.#world.nowMs + laterMs });
      this.#lookAgainIn(laterMs);
    }
    return undefined;
  }
}
