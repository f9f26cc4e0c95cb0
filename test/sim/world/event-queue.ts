import type { SimProcess } from './scheduler.ts';

export interface Scheduled {
  readonly atMs: number;
  /** Drawn: the order of what happens at the same moment. */
  readonly tie: number;
  readonly owner: SimProcess | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

/** A binary heap: the earliest event first. */
export class EventQueue {
  readonly #heap: Scheduled[] = [];

  peek(): Scheduled | undefined {
    return this.#heap[0];
  }

  push(event: Scheduled): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  pop(): Scheduled | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.atMs === b.atMs ? a.tie < b.tie : a.atMs < b.atMs;
}
