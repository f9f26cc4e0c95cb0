import { createHash } from 'node:crypto';

/** What happened, in order: for people to read, and to compare two runs of one seed. */
export class History {
  readonly #lines: (readonly [ms: number, process: string, what: string])[] = [];

  add(ms: number, process: string, what: string): void {
    this.#lines.push([ms, process, what]);
  }

  lines(): readonly string[] {
    return this.#lines.map(([ms, process, what]) => {
      const time = (ms / 1000).toFixed(3).padStart(9);
      return `${time}s ${process.padEnd(16)} ${what}`;
    });
  }

  digest(): string {
    return createHash('sha256').update(this.lines().join('\n')).digest('hex');
  }
}

/** Texts and numbers, one after the other; the rest is left out. */
export function wordsOf(parts: readonly unknown[]): string {
  return parts
    .filter((part) => (typeof part === 'string' && part !== '') || typeof part === 'number')
    .join(' ');
}
