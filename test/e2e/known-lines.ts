import type { CommandGroup, LeafCommand } from '#services/operator/cli/command.ts';
import { buildProgram } from '#services/operator/cli/program.ts';

/** Lines that a person pastes begin with one of these. */
const PROGRAM = /^(?:node )?holdfast(?:\.mjs)? /;

/** Whether this very program understands a line: command, words and options; what they name is not looked at. */
export type KnownLine = (line: string) => Promise<boolean>;

export function knownLines(commands: readonly (LeafCommand | CommandGroup)[]): KnownLine {
  return async (line) => {
    const words = wordsOf(line.replace(PROGRAM, ''));
    let reached = false;
    const run = async () => void (reached = true);
    const silent = { out: () => {}, err: () => {} };
    await buildProgram(commands, run, silent)
      .parseAsync([...words], { from: 'user' })
      .catch(() => {});
    return reached;
  };
}

/** As a shell would split it; comments are no words. */
export function wordsOf(line: string): readonly string[] {
  const words = line.replace(/\s+#\s.*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g);
  return [...words].map(([, double, single, bare]) => double ?? single ?? bare ?? '');
}
