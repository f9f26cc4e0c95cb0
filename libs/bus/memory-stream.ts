import { EventEmitter } from 'node:events';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { DUPLICATE_WINDOW_MS, subjectMatches, type StreamRules } from './streams.ts';

interface Message {
  readonly sequence: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

const FETCH_MS = 1_000;

/** One stream of the twin: messages in order, ids of the duplicate window, and its consumers by name. */
export class MemoryStream {
  readonly #name: string;
  readonly #rules: StreamRules;
  readonly #messages = new Map<number, Message>();
  readonly #ids = new Map<string, number>();
  readonly #consumers = new Map<string, MemoryConsumer>();
  readonly #changed = new EventEmitter().setMaxListeners(0);
  #sequence = 0;

  constructor(name: string, rules: StreamRules) {
    this.#name = name;
    this.#rules = rules;
  }

  takes(subject: string): boolean {
    return this.#rules.subjects.some((filter) => subjectMatches(filter, subject));
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Waits while a stream that refuses new messages is full. Throws BUS_UNREACHABLE at the deadline. */
  async add(
    message: { subject: string; id: string; bytes: Uint8Array },
    { signal, deadlineMs }: { signal?: AbortSignal | undefined; deadlineMs: number },
  ): Promise<{ duplicate: boolean }> {
    const giveUpAt = performance.now() + deadlineMs;
    while (!this.#isKnown(message.id) && this.#isFull()) {
      signal?.throwIfAborted();
      if (performance.now() >= giveUpAt)
        throw new HoldfastError('BUS_UNREACHABLE', {
          stream: this.#name,
          subject: message.subject,
          reason: 'stream is full',
        });
      await this.settled(Math.max(1, giveUpAt - performance.now()), signal);
    }
    signal?.throwIfAborted();
    if (this.#isKnown(message.id)) return { duplicate: true };
    this.#sequence += 1;
    this.#ids.set(message.id, performance.now());
    this.#messages.set(this.#sequence, {
      sequence: this.#sequence,
      subject: message.subject,
      bytes: message.bytes,
    });
    if (this.#messages.size > this.#rules.messagesMax) this.remove(this.#messages.keys().next().value!);
    this.#changed.emit('changed');
    return { duplicate: false };
  }

  consumer(durable: string, filterSubject: string): MemoryConsumer {
    const known = this.#consumers.get(durable);
    if (known !== undefined) return known;
    const made = new MemoryConsumer(this, filterSubject, this.#rules.retention === 'work');
    this.#consumers.set(durable, made);
    return made;
  }

  *messagesAfter(sequence: number): Iterable<Message> {
    for (const message of this.#messages.values()) if (message.sequence > sequence) yield message;
  }

  message(sequence: number): Message | undefined {
    return this.#messages.get(sequence);
  }

  remove(sequence: number): void {
    this.#messages.delete(sequence);
    this.#changed.emit('changed');
  }

  /** Resolves at the next change, after `ms`, or on the signal. Keeps the process alive: a pause is not an end. */
  async settled(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const timer = setTimeout(wake, ms);
    this.#changed.once('changed', wake);
    signal?.addEventListener('abort', wake, { once: true });
    await promise;
    clearTimeout(timer);
    this.#changed.off('changed', wake);
    signal?.removeEventListener('abort', wake);
  }

  announce(): void {
    this.#changed.emit('changed');
  }

  #isFull(): boolean {
    return this.#rules.discard === 'new' && this.#messages.size >= this.#rules.messagesMax;
  }

  #isKnown(id: string): boolean {
    const since = performance.now() - DUPLICATE_WINDOW_MS;
    for (const [known, at] of this.#ids) {
      if (at >= since) break;
      this.#ids.delete(known);
    }
    return this.#ids.has(id);
  }
}

interface Pending {
  attempt: number;
  /** When it may be delivered again. */
  visibleAt: number;
}

export interface Claim {
  readonly message: Message;
  readonly attempt: number;
  renew(): void;
  done(): void;
  again(delayMs: number): void;
}

/** A durable consumer of the twin: what was never delivered, and what was and is not acknowledged. */
export class MemoryConsumer {
  readonly #stream: MemoryStream;
  readonly #filter: string;
  readonly #removes: boolean;
  readonly #pending = new Map<number, Pending>();
  #delivered = 0;

  constructor(stream: MemoryStream, filter: string, removes: boolean) {
    this.#stream = stream;
    this.#filter = filter;
    this.#removes = removes;
  }

  async next({ ackWaitMs, signal }: { ackWaitMs: number; signal: AbortSignal }): Promise<Claim | undefined> {
    const giveUpAt = performance.now() + FETCH_MS;
    while (!signal.aborted && performance.now() < giveUpAt) {
      const message = this.#due() ?? this.#fresh();
      if (message !== undefined) return this.#claim(message, ackWaitMs);
      await this.#stream.settled(this.#restMs(giveUpAt), signal);
    }
    return undefined;
  }

  /** Until a claim runs out or the fetch ends, whatever is first; a new message wakes it earlier. */
  #restMs(giveUpAt: number): number {
    const next = Math.min(giveUpAt, ...[...this.#pending.values()].map(({ visibleAt }) => visibleAt));
    return Math.max(1, next - performance.now());
  }

  #due(): Message | undefined {
    for (const [sequence, { visibleAt }] of this.#pending) {
      if (visibleAt > performance.now()) continue;
      const message = this.#stream.message(sequence);
      if (message !== undefined) return message;
      this.#pending.delete(sequence);
    }
    return undefined;
  }

  #fresh(): Message | undefined {
    for (const message of this.#stream.messagesAfter(this.#delivered)) {
      this.#delivered = message.sequence;
      if (subjectMatches(this.#filter, message.subject)) return message;
    }
    return undefined;
  }

  #claim(message: Message, ackWaitMs: number): Claim {
    const { sequence } = message;
    const attempt = (this.#pending.get(sequence)?.attempt ?? 0) + 1;
    const postpone = (ms: number): void => {
      // A claim that ran out and was taken by another may no longer move the message.
      if (this.#pending.get(sequence)?.attempt !== attempt) return;
      this.#pending.set(sequence, { attempt, visibleAt: performance.now() + ms });
      this.#stream.announce();
    };
    this.#pending.set(sequence, { attempt, visibleAt: performance.now() + ackWaitMs });
    return {
      message,
      attempt,
      renew: () => postpone(ackWaitMs),
      again: postpone,
      done: () => {
        this.#pending.delete(sequence);
        if (this.#removes) this.#stream.remove(sequence);
      },
    };
  }
}
