import { execa } from 'execa';
import { PROGRAM_FILE } from '#services/operator/cli/bundled.ts';

/** One call of the command line: what it printed as JSON, line by line, and how it ended. */
export interface Spoken {
  readonly exit: number;
  readonly lines: readonly Record<string, unknown>[];
  /** The answer: the last line. */
  readonly answer: Record<string, unknown>;
  readonly stderr: string;
}

export interface Holdfast {
  readonly home: string;
  /** How many commands were given so far. */
  given(): number;
  /** The command with `--json`, as a person's shell would start it. Never throws for an exit code. */
  say(...words: readonly string[]): Promise<Spoken>;
  /** As `say`; hears each line as it is printed. */
  hear(onLine: (line: Record<string, unknown>) => void, ...words: readonly string[]): Promise<Spoken>;
  /** As `say`; throws when the exit code is another one. */
  expect(exit: number, ...words: readonly string[]): Promise<Spoken>;
}

/** The command line on a home of its own; `program` names another copy of it, `through` a command it is started by. */
export function holdfastOn(
  home: string,
  options: {
    env?: Readonly<Record<string, string>>;
    program?: string;
    cwd?: string;
    through?: readonly string[];
  } = {},
): Holdfast {
  const { env = {}, program = PROGRAM_FILE, cwd = process.cwd(), through = [] } = options;
  let given = 0;
  const hear: Holdfast['hear'] = async (onLine, ...words) => {
    given += 1;
    const [first, ...rest] = [...through, process.execPath, program, ...words, '--json', '--home', home];
    const started = execa(first!, rest, {
      cwd,
      env: { ...env, HOLDFAST_HOME: home },
      reject: false,
      stdin: 'ignore',
    });
    const lines: Record<string, unknown>[] = [];
    for await (const text of started) {
      if (!text.startsWith('{')) continue;
      const line = JSON.parse(text) as Record<string, unknown>;
      lines.push(line);
      onLine(line);
    }
    const ended = await started;
    return { exit: ended.exitCode ?? -1, lines, answer: lines.at(-1) ?? {}, stderr: ended.stderr };
  };
  const say: Holdfast['say'] = (...words) => hear(() => {}, ...words);
  return {
    home,
    given: () => given,
    say,
    hear,
    async expect(exit, ...words) {
      const spoken = await say(...words);
      if (spoken.exit === exit) return spoken;
      const said = JSON.stringify(spoken.answer, null, 2);
      throw new Error(
        `holdfast ${words.join(' ')} ended with ${spoken.exit}, not ${exit}: ${said} ${spoken.stderr}`,
      );
    },
  };
}
