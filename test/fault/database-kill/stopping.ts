import { readSync, writeSync } from 'node:fs';
import type { Json } from '#libs/kernel/json.ts';
import type { Verb } from '#libs/contracts/step.ts';

/** What a worker tells whoever started it, a line each. */
export type Told =
  | { readonly kind: 'passed' | 'stands'; readonly point: string }
  /** A slice is asked of the repository. */
  | { readonly kind: 'read'; readonly slice: string }
  /** A slice's mark is committed, by the server's word. */
  | { readonly kind: 'loaded'; readonly slice: string }
  | { readonly kind: 'sending' | 'sent'; readonly bytes: number }
  | { readonly kind: 'done'; readonly verb: Verb; readonly outcome: Json }
  | {
      readonly kind: 'failed';
      readonly verb: Verb;
      readonly code: string;
      readonly isPassing: boolean;
      readonly text: string;
    };

/** At once: what this process said must be known when it is killed a moment later. */
export function tell(told: Told): void {
  writeSync(1, `${JSON.stringify(told)}\n`);
}

/**
 * The named points of a process. At the one where it is to stop it stands still as a whole, with all that it has under
 * way, until a byte comes or it is killed.
 */
export class Points {
  readonly #stop: string | undefined;
  readonly #counts = new Map<string, number>();

  constructor(stop: string | undefined) {
    this.#stop = stop;
  }

  pass(name: string): void {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const point = count === 1 ? name : `${name} #${count}`;
    tell({ kind: point === this.#stop ? 'stands' : 'passed', point });
    if (point === this.#stop) standStill();
  }

  async around<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.pass(`before ${name}`);
    const result = await act();
    this.pass(`after ${name}`);
    return result;
  }

  /** `bytes`: about how many there will be. */
  async *within<T extends Uint8Array>(name: string, source: AsyncIterable<T>, bytes = 0): AsyncIterable<T> {
    this.pass(`before ${name}`);
    let passed = 0;
    for await (const piece of source) {
      const isFirst = passed === 0;
      const isHalf = passed < bytes / 2 && passed + piece.length >= bytes / 2;
      passed += piece.length;
      yield piece;
      if (isFirst) this.pass(`first bytes of ${name}`);
      if (isHalf) this.pass(`half of ${name}`);
    }
    this.pass(`after ${name}`);
  }
}

/** Not a wait of Node's: nothing else of this process may go on. */
function standStill(): void {
  const byte = Buffer.alloc(1);
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      readSync(0, byte);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error;
      Atomics.wait(never, 0, 0, 10);
    }
  }
}
