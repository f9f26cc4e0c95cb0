import { HoldfastError } from '#libs/kernel/errors.ts';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { venvFolder } from './cache-folder.ts';
import { installOnce, isInstalled } from './install-once.ts';
import { runProgram } from './run-program.ts';
import { lookUpTool, missingTool, type FindOptions } from './tool-lookup.ts';

export interface Venv {
  readonly folder: string;
  readonly bin: string;
  readonly python: string;
}

/**
 * A Python environment with what the requirements file names, kept in the cache under the hash of that file:
 * a changed file gives a new environment. Idempotent; throws TOOL_MISSING.
 */
export async function requireVenv(
  name: string,
  requirementsFile: string,
  options: FindOptions = {},
): Promise<Venv> {
  return await requireVenvOf(name, await readFile(requirementsFile, 'utf8'), options);
}

/** As `requireVenv`, from the text of a requirements file. */
export async function requireVenvOf(
  name: string,
  requirements: string,
  options: FindOptions = {},
): Promise<Venv> {
  const env = options.env ?? process.env;
  const folder = venvFolder(name, requirements, env);
  const bin = join(folder, 'bin');
  const venv = { folder, bin, python: join(bin, 'python') };
  if ((await isInstalled(folder)) && (await runs(venv.python))) return venv;
  const python = await lookUpTool('python', options);
  if (python === undefined) throw missingTool('python', options);
  // An environment whose Python was removed or upgraded does not run any more.
  await rm(join(folder, '.complete'), { force: true });
  await installOnce({
    folder,
    note: `installing Python packages ${name}: ${namesOf(requirements)} into ${folder}; this takes up to a few minutes`,
    install: async () => {
      await installVenv({
        folder,
        python: python.path,
        venvPython: venv.python,
        requirements,
        signal: options.signal,
      });
    },
    onNote: options.onNote ?? (() => {}),
    signal: options.signal,
  });
  return venv;
}

async function installVenv(plan: {
  folder: string;
  python: string;
  venvPython: string;
  requirements: string;
  signal: AbortSignal | undefined;
}): Promise<void> {
  const cancel = plan.signal === undefined ? {} : { cancelSignal: plan.signal };
  const list = join(plan.folder, 'requirements.txt');
  try {
    await runProgram(plan.python, ['-m', 'venv', plan.folder], cancel);
    await writeFile(list, plan.requirements);
    await runProgram(
      plan.venvPython,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list],
      cancel,
    );
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'CANCELLED') throw error;
    const remedy =
      'make sure that python3 -m venv works (Debian: apt-get install python3-venv) and that pip reaches its index, then run again';
    throw new HoldfastError('TOOL_MISSING', { tool: namesOf(plan.requirements), remedy }, { cause: error });
  }
}

async function runs(python: string): Promise<boolean> {
  return await runProgram(python, ['--version']).then(
    () => true,
    () => false,
  );
}

function namesOf(requirements: string): string {
  const lines = requirements.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.filter((line) => line !== '').join(' ');
}
