import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServers } from '#test/servers.ts';
import { MutantTree } from './mutant-tree.ts';
import { runTests } from './run-tests.ts';

export interface FaultReport {
  readonly suite: string;
  /** Nothing is drawn by chance: every case runs each time. */
  readonly seed: number;
  readonly cases: number;
  /** How many cases change which part of the product. */
  readonly classes: Readonly<Record<string, number>>;
  readonly killed: number;
  readonly survived: readonly { readonly mutant: string; readonly reason: string }[];
}

interface Mutant {
  readonly name: string;
  readonly path: string;
  readonly changes: readonly string[];
  readonly killedBy: readonly string[];
}

const FOLDER = join(import.meta.dirname, '..', 'mutants');
const ROOT = join(import.meta.dirname, '..', '..');

/** Each patch of the product is put into a copy of it; the tests it names must fail there, and pass without it. */
export async function mutants({
  parts,
  onNote,
}: {
  parts: readonly string[];
  onNote: (text: string) => void;
}): Promise<FaultReport> {
  const list = await readMutants(parts);
  // Somebody may be working on the same machine; servers and tests inherit it.
  setPriority(10);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-mutants-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const tree = await MutantTree.copy(ROOT, folder);
  const { environment } = stack.use(await startTestServers({ folder, onNote }));
  const run = (files: readonly string[]) => runTests(tree.folder, files, { ...environment, TMPDIR: folder });

  const unchanged = await run([...new Set(list.flatMap(({ killedBy }) => killedBy))]);
  if (unchanged !== 'passed')
    throw new Error(`without any mutant the named tests did not pass: ${unchanged}`);
  const survived = [];
  for (const mutant of list) {
    const { killed, by } = await tryMutant(mutant, tree, run);
    onNote(`${mutant.name}: ${killed ? 'killed' : 'SURVIVED'}, ${by}`);
    if (!killed) survived.push({ mutant: mutant.name, reason: by });
  }
  return {
    suite: 'mutants',
    seed: 0,
    cases: list.length,
    classes: countBy(list.flatMap(({ changes }) => changes.map(partOf))),
    killed: list.length - survived.length,
    survived,
  };
}

/** Killed when its tests ran and one of them failed. */
async function tryMutant(
  { path, changes, killedBy }: Mutant,
  tree: MutantTree,
  run: (files: readonly string[]) => Promise<string>,
): Promise<{ readonly killed: boolean; readonly by: string }> {
  const refused = await tree.apply(path, changes);
  if (refused !== undefined) return { killed: false, by: refused };
  try {
    const by = await run(killedBy);
    return { killed: by !== 'passed', by };
  } finally {
    await tree.restore(changes);
  }
}

async function readMutants(parts: readonly string[]): Promise<readonly Mutant[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.patch')).toSorted();
  const wanted = files.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
  return await Promise.all(wanted.map(readMutant));
}

async function readMutant(file: string): Promise<Mutant> {
  const path = join(FOLDER, file);
  const text = await readFile(path, 'utf8');
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);
  const killedBy = all(/^# killed-by: (\S+)$/gm);
  const changes = all(/^\+\+\+ b\/(\S+)$/gm);
  if (killedBy.length === 0 || changes.length === 0)
    throw new Error(`${file} names no test that kills it, or changes nothing`);
  return { name: file.replace(/\.patch$/, ''), path, changes, killedBy };
}

const partOf = (path: string) => path.split('/').slice(0, 2).join('/');

function countBy(keys: readonly string[]): Record<string, number> {
  const groups = Map.groupBy(keys.toSorted(), (key) => key);
  return Object.fromEntries([...groups].map(([key, { length }]) => [key, length]));
}
