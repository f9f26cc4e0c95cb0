import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Log } from '#libs/telemetry/log.ts';
import { EVENTS } from '#libs/telemetry/names.ts';

/** Of one who waits for nobody, in a rescue. */
const PAUSE_MS = 2_000;
const PREFIX = 'coordinators/';

interface BeatsOptions {
  readonly store: ObjectStore;
  readonly instance: string;
  readonly takeoverMs: number;
  readonly log: Log;
}

/**
 * Signs of life among coordinators: `coordinators/<instance>/<n>`, a new name each time, the one before removed. What a
 * name says is nothing; that it changed is the sign, and how long it did not is told by the clock of whoever looks.
 * Expiry fences nothing: it only decides when to take a run over, and the run's journal decides who has it.
 */
export class Beats implements AsyncDisposable {
  readonly #options: BeatsOptions;
  readonly #seen = new Map<string, { readonly beats: string; readonly sinceMs: number }>();
  readonly #stopping = new AbortController();
  #beating: Promise<void> | undefined;
  #lookedAtMs = 0;
  #count = 0;

  constructor(options: BeatsOptions) {
    this.#options = options;
  }

  /** Beats for as long as `needed` says so at each beat. */
  beatWhile(needed: () => boolean): void {
    this.#beating ??= this.#beat(needed);
  }

  /** Looks at the others' signs; each is as old as we know it unchanged. */
  async look(signal: AbortSignal): Promise<void> {
    const found = new Map<string, string>();
    for await (const { name } of this.#options.store.list(PREFIX, { signal })) {
      const [instance = '', beat = ''] = name.slice(PREFIX.length).split('/');
      found.set(instance, `${found.get(instance) ?? ''} ${beat}`);
    }
    this.#lookedAtMs = performance.now();
    for (const instance of new Set([...found.keys(), ...this.#seen.keys()])) {
      const beats = found.get(instance) ?? '';
      if (this.#seen.get(instance)?.beats !== beats)
        this.#seen.set(instance, { beats, sinceMs: this.#lookedAtMs });
    }
  }

  /** Shows no life for the time after which its runs are taken over, or is this process before it was started anew. */
  isSilent(instance: string): boolean {
    const { instance: own, takeoverMs } = this.#options;
    if (instance === own) return true;
    const seen = this.#seen.get(instance) ?? { beats: '', sinceMs: this.#lookedAtMs };
    this.#seen.set(instance, seen);
    return this.#lookedAtMs - seen.sinceMs >= takeoverMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#beating;
  }

  async #beat(needed: () => boolean): Promise<void> {
    const { takeoverMs, log } = this.#options;
    const signal = this.#stopping.signal;
    while (!signal.aborted) {
      if (!needed()) {
        await this.#removeBut(undefined).catch(() => {});
        if (needed()) continue;
        // In one breath with the question: whoever needs beats from here on starts them anew.
        this.#beating = undefined;
        return;
      }
      // The store is away for the others as well; should it be away for us alone, they take over, as they must.
      await this.#show().catch((thrown: unknown) =>
        log.warn(EVENTS.beatFailed, { err: HoldfastError.from(thrown) }),
      );
      await sleep(pauseMs(takeoverMs), undefined, { signal }).catch(() => {});
    }
    await this.#removeBut(undefined).catch(() => {});
  }

  async #show(): Promise<void> {
    const { store } = this.#options;
    this.#count += 1;
    const next = `${this.#own()}${this.#count}`;
    await store.put(next, Buffer.from('{}'), { createOnly: false });
    await this.#removeBut(next);
  }

  /** Also what a process of this name left that was killed. */
  async #removeBut(kept: string | undefined): Promise<void> {
    const { store } = this.#options;
    for await (const { name } of store.list(this.#own())) if (name !== kept) await store.delete(name);
  }

  #own(): string {
    return `${PREFIX}${this.#options.instance}/`;
  }
}

/** Between two looks, and between two beats: four of them fit into the silence after which a run is taken over. */
export function pauseMs(takeoverMs: number): number {
  return takeoverMs === 0 ? PAUSE_MS : takeoverMs / 4;
}
