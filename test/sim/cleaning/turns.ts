import { setImmediate as turn } from 'node:timers/promises';
import type { Random } from '../world/random.ts';

/** What a process that was killed sees of its own end. */
export class Killed extends Error {}

interface Waiting {
  readonly actor: string;
  readonly what: string;
  readonly go: () => Promise<void>;
  readonly die: () => void;
}

/**
 * One thing happens at a time: who wants to touch what others see waits for its turn, and turns are drawn by the seed
 * when nobody does anything else any more.
 */
export class Turns {
  readonly #random: Random;
  readonly history: string[] = [];
  #waiting: Waiting[] = [];
  #arrived = 0;
  /** Actors that have no turn for a while, by the count of turns at which they go on. */
  readonly #stopped = new Map<string, number>();
  #taken = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get taken(): number {
    return this.#taken;
  }

  act<T>(actor: string, what: string, operation: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#arrived += 1;
      const go = () => operation().then(resolve, reject);
      this.#waiting.push({ actor, what, go, die: () => reject(new Killed(actor)) });
    });
  }

  /** It goes on after so many turns of others: longer than anybody would wait for it. */
  stop(actor: string, turns: number): void {
    this.#stopped.set(actor, this.#taken + turns);
  }

  /** Its operations under way have no effect and no answer. */
  kill(actor: string): void {
    const own = this.#waiting.filter((each) => each.actor === actor);
    this.#waiting = this.#waiting.filter((each) => each.actor !== actor);
    for (const { die } of own) die();
  }

  /** Until nobody wants a turn any more. */
  async play(onTurn: (actor: string) => void): Promise<void> {
    for (;;) {
      await this.#quiet();
      if (this.#waiting.length === 0) return;
      const ready = this.#waiting.filter(({ actor }) => (this.#stopped.get(actor) ?? 0) <= this.#taken);
      const names = [...new Set((ready.length === 0 ? this.#waiting : ready).map(({ actor }) => actor))];
      const actor = this.#random.pick(names.toSorted());
      const own = this.#waiting.filter((each) => each.actor === actor);
      const next = this.#random.pick(own);
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#taken += 1;
      this.history.push(`${actor} ${next.what}`);
      await next.go();
      onTurn(actor);
    }
  }

  async #quiet(): Promise<void> {
    for (let calm = 0; calm < 3;) {
      const before = this.#arrived;
      await turn();
      calm = this.#arrived === before ? calm + 1 : 0;
    }
  }
}
