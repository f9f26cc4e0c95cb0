import type { StepCommand } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';

interface Work {
  readonly key: string;
  readonly abort: AbortController;
  readonly done: Promise<unknown>;
}

/**
 * What this process does now: at most one piece of work of a run. Commands come again (a slow ack, a resend, a new
 * attempt); two at once on one staging place would end in a mixture.
 */
export class WorkInHand {
  readonly #works = new Map<string, Work>();

  /**
   * Does the work unless this very command is being worked on; another command of the run ends what is in hand first.
   * False when it was not done because it is in hand.
   */
  async take(
    command: Pick<StepCommand, 'runId' | 'step' | 'attempt'>,
    work: (superseded: AbortSignal) => Promise<unknown>,
  ): Promise<boolean> {
    const { runId, step, attempt } = command;
    const key = `${step}.${attempt}`;
    for (let inHand = this.#works.get(runId); inHand !== undefined; inHand = this.#works.get(runId)) {
      if (inHand.key === key) return false;
      inHand.abort.abort(new HoldfastError('CANCELLED', { reason: `superseded by ${key}` }));
      await inHand.done.catch(() => {});
    }
    const abort = new AbortController();
    const done = work(abort.signal).finally(() => this.#works.delete(runId));
    this.#works.set(runId, { key, abort, done });
    try {
      await done;
    } catch (thrown) {
      // Superseded: nobody waits for its end any more.
      if (!abort.signal.aborted) throw thrown;
    }
    return true;
  }
}
