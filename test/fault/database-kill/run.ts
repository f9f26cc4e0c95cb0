import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Verb } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Told } from './stopping.ts';
import { work, type Worked } from './struck-worker.ts';
import type { Known, Order } from './worker.ts';

/** As a step's; a server that was killed is back long before the last one. */
const ATTEMPTS_MAX = 5;
const AGAIN_MS = 300;

export interface Stop {
  readonly point: string;
  readonly strike: () => Promise<boolean>;
  /** After the struck attempt has ended, before the step is given again. */
  readonly look: () => Promise<void>;
}

/** One run's steps, each given until it is done. */
export class Run {
  readonly runId = randomBytes(16).toString('hex');
  readonly place: Pick<Order, 'storeFolder' | 'identity' | 'url' | 'pgBin' | 'spec'>;
  /** Temporary files of its workers. */
  readonly #folder: string;
  readonly #attempts = new Map<Verb, number>();
  known: Known;

  constructor(place: Run['place'], folder: string, known: Known = {}) {
    this.place = place;
    this.#folder = folder;
    this.known = known;
  }

  /**
   * Attempts in their order. A worker that was killed has its command given again as it was; one that told an error that
   * may pass gets another attempt. Throws what is told else, and where the stop was never reached.
   */
  async give(verbs: readonly Verb[], stop?: Stop): Promise<readonly Worked[]> {
    const worked: Worked[] = [];
    let left = verbs;
    while (left.length > 0) {
      const isFirst = worked.length === 0;
      if (worked.length === ATTEMPTS_MAX)
        throw new Error(`${left[0]} is not done after ${ATTEMPTS_MAX} attempts`);
      const attempt = this.#attempts.get(left[0]!) ?? 1;
      const order = { ...this.place, runId: this.runId, verbs: left, attempt, known: this.known };
      const ended = await work(isFirst && stop !== undefined ? { ...order, stop: stop.point } : order, {
        folder: this.#folder,
        strike: stop?.strike ?? (() => Promise.resolve(false)),
      });
      worked.push(ended);
      left = this.#note(left, ended);
      if (isFirst && stop !== undefined) {
        if (!ended.stood) throw new Error(`${stop.point} was not reached`);
        await stop.look();
      }
      if (left.length > 0) await pause(AGAIN_MS);
    }
    return worked;
  }

  /** What is left to do. */
  #note(verbs: readonly Verb[], { told, killed, stderr }: Worked): readonly Verb[] {
    for (const each of told) {
      if (each.kind !== 'done') continue;
      this.#attempts.set(each.verb, (this.#attempts.get(each.verb) ?? 1) + 1);
      if (each.verb === 'TakeSnapshot')
        this.known = { ...this.known, snapshot: (each.outcome as { snapshot: Json }).snapshot };
      if (each.verb === 'StageRestore') this.known = { ...this.known, staged: each.outcome };
    }
    const left = verbs.slice(told.filter(({ kind }) => kind === 'done').length);
    const failed = told.find(({ kind }) => kind === 'failed') as
      | Extract<Told, { kind: 'failed' }>
      | undefined;
    if (failed !== undefined) {
      if (!failed.isPassing)
        throw new Error(`${failed.verb} ended for good with ${failed.code}: ${failed.text}`);
      this.#attempts.set(failed.verb, (this.#attempts.get(failed.verb) ?? 1) + 1);
    } else if (left.length > 0 && !killed) throw new Error(`a worker ended without a word: ${stderr}`);
    return left;
  }
}
