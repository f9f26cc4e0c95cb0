import { Command } from 'commander';
import type { CommandGroup, LeafCommand } from './command.ts';
import { EXIT_HELP } from './exit-codes.ts';

export type Runner = (
  command: LeafCommand,
  words: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
) => Promise<void>;

/** The command line as commander sees it; every leaf has `--json` and `--home`, examples and the exit codes in its help. */
export function buildProgram(
  commands: readonly (LeafCommand | CommandGroup)[],
  run: Runner,
  write: { out: (text: string) => void; err: (text: string) => void },
): Command {
  const program = new Command('holdfast')
    .description('Backup, restore and proof for Django-style EDMS deployments')
    .version('0.1.0')
    .helpCommand('help [command]', 'show the help of a command');
  quiet(program, write).addHelpText('after', `\n${EXIT_HELP}`);
  for (const command of commands) {
    if ('act' in command) addLeaf(program, command, run, write);
    else addGroup(program, command, run, write);
  }
  return program;
}

type Write = Parameters<typeof buildProgram>[2];

/** Nothing ends the process or prints past the output layer. */
function quiet(command: Command, write: Write): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: write.out, writeErr: write.err, outputError: () => {} });
}

function addGroup(program: Command, group: CommandGroup, run: Runner, write: Write): void {
  const parent = quiet(program.command(group.name).description(group.summary), write);
  for (const command of group.commands) addLeaf(parent, command, run, write);
}

function addLeaf(parent: Command, definition: LeafCommand, run: Runner, write: Write): void {
  const command = quiet(
    parent.command(definition.name, { hidden: definition.hidden === true }).description(definition.summary),
    write,
  );
  for (const [syntax, what] of definition.words ?? []) command.argument(syntax, what);
  for (const [flags, what, many] of definition.options ?? []) {
    if (many === undefined) command.option(flags, what);
    else command.option(flags, what, collect, []);
  }
  command
    .option('--json', 'one JSON object as the last line of standard output; errors too')
    .option('--home <folder>', 'home folder of the stack (default: HOLDFAST_HOME, else ./.holdfast)')
    .addHelpText(
      'after',
      `\nExamples:\n${definition.examples.map((line) => `  ${line}`).join('\n')}\n\n${EXIT_HELP}`,
    )
    .action(async (...given: unknown[]) => {
      await run(definition, given.slice(0, definition.words?.length ?? 0), command.opts());
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
