import { HoldfastError } from '#libs/kernel/errors.ts';

/** Process signals as one AbortSignal; a command that watches a run may take Ctrl-C for itself. */
export class Interrupts implements Disposable {
  readonly #abort = new AbortController();
  #taken: (() => void) | undefined;

  constructor() {
    process.on('SIGINT', this.#onInterrupt);
    process.on('SIGTERM', this.#onTerminate);
  }

  /** Aborts on SIGTERM, and on Ctrl-C that nobody took. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** While `work` runs, Ctrl-C calls `onInterrupt` instead of aborting. */
  async during<T>(onInterrupt: () => void, work: () => Promise<T>): Promise<T> {
    this.#taken = onInterrupt;
    try {
      return await work();
    } finally {
      this.#taken = undefined;
    }
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onInterrupt);
    process.off('SIGTERM', this.#onTerminate);
  }

  readonly #onInterrupt = (): void => {
    if (this.#taken === undefined) this.#onTerminate();
    else this.#taken();
  };

  readonly #onTerminate = (): void => {
    this.#abort.abort(new HoldfastError('CANCELLED', { reason: 'interrupted' }));
  };
}
