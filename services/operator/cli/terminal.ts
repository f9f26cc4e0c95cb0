import { createInterface } from 'node:readline/promises';

/** The person in front of it, if there is one. */
export interface Terminal {
  /** Both a keyboard and a screen, and no `--json`. */
  readonly interactive: boolean;
  /** True for y or yes. Never asks when not interactive: false. */
  confirm(question: string): Promise<boolean>;
}

export function openTerminal(options: { json: boolean }): Terminal {
  const interactive = !options.json && process.stdin.isTTY && process.stderr.isTTY;
  return {
    interactive,
    async confirm(question) {
      if (!interactive) return false;
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      const given = new AbortController();
      // A second Ctrl-C, or the end of input, is a no.
      lines.once('SIGINT', () => given.abort());
      lines.once('close', () => given.abort());
      try {
        const answer = await lines.question(`${question} [y/N] `, { signal: given.signal });
        return /^y(es)?$/i.test(answer.trim());
      } catch (error) {
        if (given.signal.aborted) return false;
        throw error;
      } finally {
        lines.close();
      }
    },
  };
}
