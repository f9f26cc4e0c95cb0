import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob, relative, resolve } from 'node:path';
import { execa } from 'execa';

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

interface Copy {
  /** The stage it comes from; the build context when undefined. */
  readonly from: string | undefined;
  readonly source: string;
  readonly target: string;
}

/** The instructions of a Dockerfile: comments dropped, continued lines joined. */
export function readDockerfile(file: string): readonly Instruction[] {
  const text = readFileSync(file, 'utf8').replaceAll(/^#.*\n/gm, '');
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [word = '', ...rest] = line.trim().split(/\s+/);
      return { word, rest: rest.join(' ') };
    });
}

/** The last stage: what the image is made of. */
export function finalStage(instructions: readonly Instruction[]): readonly Instruction[] {
  return stagesOf(instructions).at(-1)!;
}

/** Files that the last stage copies, as paths in its working folder. */
export function copiedFiles(dockerfile: string, context = '.'): ReadonlySet<string> {
  const copies = copiesOf(finalStage(readDockerfile(dockerfile)), context);
  return new Set(copies.map(({ target }) => target));
}

/**
 * Makes the working folder of every stage below `folder`: the files that COPY brings and no others, the packages of
 * this checkout where `npm` installs them, and what `node` makes of them. Returns the last stage's working folder.
 */
export async function layOutImage(dockerfile: string, folder: string): Promise<string> {
  let made = folder;
  for (const stage of stagesOf(readDockerfile(dockerfile))) {
    const name = / AS (\S+)$/.exec(stage[0]!.rest)?.[1] ?? 'image';
    made = join(folder, name, stage.find(({ word }) => word === 'WORKDIR')!.rest);
    for (const { from, source, target } of copiesOf(stage, '.')) {
      const file = join(made, target);
      await mkdir(dirname(file), { recursive: true });
      await copyFile(from === undefined ? source : join(folder, from, source), file);
    }
    for (const { rest } of stage.filter(({ word }) => word === 'RUN')) await run(rest.split(' '), made);
  }
  return made;
}

async function run([program, ...words]: readonly string[], cwd: string): Promise<void> {
  if (program === 'npm') await symlink(resolve('node_modules'), join(cwd, 'node_modules'));
  if (program === 'node') await execa(process.execPath, words, { cwd });
}

function stagesOf(instructions: readonly Instruction[]): readonly (readonly Instruction[])[] {
  const starts = instructions.flatMap(({ word }, at) => (word === 'FROM' ? [at] : []));
  return starts.map((start, at) => instructions.slice(start, starts[at + 1]));
}

function copiesOf(stage: readonly Instruction[], context: string): readonly Copy[] {
  const ignored = ignoredBy(join(context, '.dockerignore'));
  return stage
    .filter(({ word }) => word === 'COPY')
    .flatMap(({ rest }) => {
      const words = rest.split(' ');
      const from = /^--from=(.+)$/.exec(words[0]!)?.[1];
      const into = words.at(-1)!;
      const sources = words.slice(from === undefined ? 0 : 1, -1);
      if (from !== undefined)
        return sources.map((source) => ({ from, source, target: join(into, basename(source)) }));
      return sources.flatMap((source) => fromContext(source, into, context));
    })
    .filter(({ from, source }) => from !== undefined || !ignored(source));
}

/** A folder's content goes into the target, a file goes there under its own name. */
function fromContext(source: string, into: string, context: string): readonly Copy[] {
  const path = join(context, source);
  if (!existsSync(path)) throw new Error(`COPY of ${path}: there is no such file`);
  const isFile = statSync(path).isFile();
  const names = isFile
    ? ['']
    : globSync('**/*', { cwd: path, exclude: (name) => name === 'node_modules' }).filter((name) =>
        statSync(join(path, name)).isFile(),
      );
  return names.map((name) => ({
    from: undefined,
    source: relative(context, join(path, name)),
    target: join(into, isFile ? basename(source) : name),
  }));
}

function ignoredBy(file: string): (path: string) => boolean {
  const patterns = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return (path) => {
    const parts = path.split('/');
    const prefixes = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
    return prefixes.some((prefix) => patterns.some((pattern) => matchesGlob(prefix, pattern)));
  };
}
