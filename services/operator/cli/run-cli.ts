import { CommanderError } from 'commander';
import { resolve } from 'node:path';
import { describeHome, homeFolder } from '#deploy/local/home.ts';
import { EXIT } from '#libs/kernel/catalogue.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Input, type Context } from './command.ts';
import { commands } from './commands/all.ts';
import { Interrupts } from './interrupts.ts';
import { createOutput, type Streams } from './output.ts';
import { buildProgram, type Runner } from './program.ts';
import { openTerminal } from './terminal.ts';

/** Runs one command line; returns the exit code. Prints only through the output layer. Never throws. */
export async function runCli(argv: readonly string[], streams: Streams = process): Promise<number> {
  // Known before anything is parsed, so that wrong usage is told in JSON too.
  const json = argv.includes('--json');
  const output = createOutput(streams, { json });
  let exit: number = EXIT.good;
  const run: Runner = async (command, words, options) => {
    using interrupts = new Interrupts();
    const context = contextOf({ json, options, output, interrupts });
    exit = await output.answer(await command.act(new Input(words, options), context));
  };
  const program = buildProgram(commands, run, {
    out: (text) => void streams.stdout.write(text),
    err: (text) => void (json || streams.stderr.write(text)),
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.good;
    return output.fail(thrown instanceof CommanderError ? usageError(thrown) : HoldfastError.from(thrown));
  }
}

function contextOf(parts: {
  json: boolean;
  options: Readonly<Record<string, unknown>>;
  output: Context['report'];
  interrupts: Interrupts;
}): Context {
  const { home } = parts.options;
  const folder = typeof home === 'string' ? resolve(home) : homeFolder(process.env);
  return {
    env: process.env,
    cwd: process.cwd(),
    home: describeHome(folder),
    clock: systemClock,
    report: parts.output,
    terminal: openTerminal({ json: parts.json }),
    interrupts: parts.interrupts,
  };
}

function usageError(error: CommanderError): HoldfastError {
  // A group called without a command shows its help, which is all there is to say.
  const message =
    error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
  return new HoldfastError('USAGE', { remedy: 'see: holdfast help COMMAND' }, { message });
}
