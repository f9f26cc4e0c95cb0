import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { EXIT } from '#libs/kernel/catalogue.ts';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import type { Answer } from './command.ts';
import { exitOfError } from './exit-codes.ts';
import { errorData, errorText } from './problems.ts';
import { openBars, type ProgressBars } from './progress-bars.ts';

/** What a command may say while it works. */
export interface Reporter {
  /** A line for a person; nothing with `--json`. */
  note(line: string): void;
  /** A JSON line with `--json`; nothing for a person. */
  event(data: Readonly<Record<string, unknown>>): void;
  /** How far one activity is: a bar on a terminal, nothing elsewhere. */
  progress(
    activity: string,
    done: { readonly bytes: number; readonly bytesTotal: number; readonly text: string },
  ): void;
  /** Takes the bars away, so that lines and questions stand alone. */
  clear(): void;
}

/** The only place that prints: answers go to standard output, everything else to standard error. */
export interface Output extends Reporter {
  /** Prints what a command gave back; returns its exit code. */
  answer(answer: Answer): Promise<number>;
  fail(error: HoldfastError): number;
}

export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export function createOutput({ stdout, stderr }: Streams, options: { json: boolean }): Output {
  const { json } = options;
  let bars: ProgressBars | undefined;
  const clear = () => {
    bars?.stop();
    bars = undefined;
  };
  const line = (stream: Writable, text: string) => void stream.write(`${text}\n`);
  return {
    clear,
    note(text) {
      if (json) return;
      if (bars === undefined) line(stderr, text);
      else bars.log(text);
    },
    event(data) {
      if (json) line(stdout, JSON.stringify(data));
    },
    progress(activity, done) {
      if (json || stderr.isTTY !== true) return;
      bars ??= openBars(stderr);
      bars.update(activity, done);
    },
    async answer(answer) {
      clear();
      if (answer.content !== undefined && !json) await writeAll(stdout, answer.content);
      else if (json) line(stdout, JSON.stringify(answer.data));
      else if (answer.text !== '') line(stdout, answer.text);
      return answer.exit ?? EXIT.good;
    },
    fail(error) {
      clear();
      if (json) line(stdout, JSON.stringify(errorData(error)));
      else line(stderr, errorText(error));
      return exitOfError(error);
    },
  };
}

async function writeAll(
  stdout: Writable,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  for await (const part of content) if (!stdout.write(part)) await once(stdout, 'drain');
}
