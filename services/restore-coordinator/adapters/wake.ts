import { setTimeout as sleep } from 'node:timers/promises';
import type { Wake } from '#libs/saga/drive.ts';

/** How often a waiting run looks into the store by itself, should every event be lost. */
const POLL_MS = 2000;

export interface RunWake extends Wake {
  /** There may be a result. */
  notify(): void;
  /** An entry was appended: watchers go on. */
  announce(): void;
  /** Returns at the next announcement, or after `ms`. */
  watch(ms: number, signal: AbortSignal): Promise<void>;
}

/** A run's alarm clock: one waiter (the driver) and any number of watchers. */
export function createWake(pollMs: number = POLL_MS): RunWake {
  let pending = false;
  const bornMs = performance.now();
  const heardMs = new Map<string, number>();
  const hear = (step: string) => {
    heardMs.set(step, performance.now());
  };
  const news = createBell();
  const announcements = createBell();
  return {
    async wait(signal) {
      if (!pending) await news.wait(pollMs, signal);
      pending = false;
    },
    silentMs: (step) => performance.now() - (heardMs.get(step) ?? bornMs),
    hear,
    notify() {
      pending = true;
      news.ring();
    },
    announce: () => announcements.ring(),
    watch: (ms, signal) => announcements.wait(ms, signal),
  };
}

function createBell() {
  let { promise, resolve } = Promise.withResolvers<void>();
  return {
    ring() {
      resolve();
      ({ promise, resolve } = Promise.withResolvers<void>());
    },
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      const timer = new AbortController();
      const ended = AbortSignal.any([signal, timer.signal]);
      try {
        await Promise.race([promise, sleep(ms, undefined, { signal: ended })]);
      } finally {
        timer.abort();
      }
    },
  };
}
