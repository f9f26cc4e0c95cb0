import type { Home } from '#deploy/local/home.ts';
import type { Clock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Interrupts } from './interrupts.ts';
import type { Reporter } from './output.ts';
import type { Terminal } from './terminal.ts';

/** What a command gives back. It prints nothing itself: `output.ts` does, as text or as JSON. */
export interface Answer {
  /** The last line of `--json`. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What a person reads. */
  readonly text: string;
  /** EXIT.good when absent. */
  readonly exit?: number;
  /** Raw bytes for standard output instead of the text; `--json` still prints the data. */
  readonly content?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** What a command may use besides its own words. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: Home;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly terminal: Terminal;
  readonly interrupts: Interrupts;
}

export type Act = (input: Input, context: Context) => Promise<Answer>;

export interface LeafCommand {
  readonly name: string;
  readonly summary: string;
  /** Not in the help: another process calls it. */
  readonly hidden?: true;
  /** In order; `<wanted>` or `[optional]`. */
  readonly words?: readonly (readonly [syntax: string, what: string])[];
  /** `many`: may be given again and again, and becomes a list. */
  readonly options?: readonly (readonly [flags: string, what: string, many?: 'many'])[];
  readonly examples: readonly string[];
  readonly act: Act;
}

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly LeafCommand[];
}

/** The words and options of one call, each with the type it must have. */
export class Input {
  readonly #words: readonly unknown[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(words: readonly unknown[], options: Readonly<Record<string, unknown>>) {
    this.#words = words;
    this.#options = options;
  }

  word(index: number): string {
    const word = this.findWord(index);
    if (word === undefined) throw new HoldfastError('USAGE', { missingArgument: index + 1 });
    return word;
  }

  findWord(index: number): string | undefined {
    const word = this.#words[index];
    return typeof word === 'string' ? word : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === 'string' ? value : undefined;
  }

  requireText(name: string): string {
    const value = this.text(name);
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (value === undefined) throw new HoldfastError('USAGE', { missingOption: `--${flag}` });
    return value;
  }

  flag(name: string): boolean {
    return this.#options[name] === true;
  }

  /** Of an option that may be repeated. */
  list(name: string): readonly string[] {
    const value = this.#options[name];
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  }

  /** A whole number of at least 1; throws USAGE. */
  count(name: string, fallback: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    if (!/^[1-9]\d{0,5}$/.test(value))
      throw new HoldfastError('USAGE', { option: `--${name}`, seen: value, wanted: 'a number from 1' });
    return Number(value);
  }
}
