import { HoldfastError } from '#libs/kernel/errors.ts';
import { execa, type Options } from 'execa';

const LAST_LINES = 12;

/** Runs a program to its end and gives its standard output. Throws TOOL_FAILED with exit code, signal and last lines. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: Options = {},
): Promise<string> {
  const ended = await execa(file, args, { stdin: 'ignore', ...options, reject: false });
  if (!ended.failed) return String(ended.stdout);
  if (ended.isCanceled) throw new HoldfastError('CANCELLED', { program: file });
  throw new HoldfastError('TOOL_FAILED', {
    program: file,
    arguments: args.join(' '),
    exitCode: ended.exitCode ?? null,
    signal: ended.signal ?? null,
    reason: ended.code ?? null,
    lastLines: lastLines(String(ended.stderr || ended.stdout || '')),
  });
}

export function lastLines(text: string, count = LAST_LINES): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
