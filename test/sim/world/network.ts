import type { Scheduler } from './scheduler.ts';

/** How long a request is under way, and its answer. */
export interface Journey {
  readonly thereMs: number;
  readonly backMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The answer never arrives; whoever asked is told so instead. */
  readonly lost?: (() => Error) | undefined;
}

/**
 * A request to a server. It takes effect at one moment, whatever has become of who sent it; the answer comes at a later
 * one, and never to a process that is dead by then. Whoever gives up waiting does not know whether it took effect.
 */
export function request<T>(
  world: Scheduler,
  { thereMs, backMs, signal, lost }: Journey,
  effect: () => T,
): Promise<T> {
  const asker = world.process;
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const giveUp = (): void => reject(signal!.reason as Error);
    signal?.addEventListener('abort', giveUp, { once: true });
    const answer = (settle: () => void): void => {
      world.after(
        backMs,
        () => {
          signal?.removeEventListener('abort', giveUp);
          settle();
        },
        asker,
      );
    };
    world.afterInWorld(thereMs, () => {
      try {
        const result = world.within(asker, effect);
        answer(lost === undefined ? () => resolve(result) : () => reject(lost()));
      } catch (error) {
        answer(() => reject(error as Error));
      }
    });
  });
}
