import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, matchesGlob, normalize, relative } from 'node:path';

export interface Instruction {
  readonly word: string;
  readonly rest: string;
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
  return instructions.slice(instructions.findLastIndex(({ word }) => word === 'FROM'));
}

/** Files of the build context that the last stage copies, as paths in its working folder. */
export function copiedFiles(dockerfile: string, context = '.'): ReadonlySet<string> {
  const ignored = ignoredBy(join(context, '.dockerignore'));
  const sources = finalStage(readDockerfile(dockerfile))
    .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from='))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
  const files = sources.flatMap((source) => filesOf(join(context, source), context));
  return new Set(files.filter((file) => !ignored(file)));
}

function filesOf(path: string, context: string): readonly string[] {
  if (!existsSync(path)) throw new Error(`COPY of ${path}: there is no such file`);
  const inContext = (file: string) => relative(context, file);
  if (statSync(path).isFile()) return [inContext(path)];
  return globSync('**/*', { cwd: path, exclude: (name) => name === 'node_modules' })
    .map((file) => join(path, file))
    .filter((file) => statSync(file).isFile())
    .map(inContext);
}

function ignoredBy(file: string): (path: string) => boolean {
  const patterns = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return (path) => {
    const parts = path.split('/');
    const prefixes = parts.map((_, at) => parts.slice(0, at + 1).join('/'));
    return prefixes.some((prefix) => patterns.some((pattern) => matchesGlob(prefix, pattern)));
  };
}

/** Everything that the entry files load, by name: project files as paths, packages as they are imported. */
export function reachable(entries: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...entries];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.endsWith('.ts') && existsSync(name)) open.push(...importsOf(name));
  }
  return seen;
}

function importsOf(file: string): readonly string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/g;
  return [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, named, loaded]) => {
    const target = (named ?? loaded)!;
    if (target.startsWith('#')) return target.slice(1);
    return target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
  });
}
