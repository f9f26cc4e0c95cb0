import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MutantTree } from '#test/fault/mutant-tree.ts';
import { playSeeds, type Played, type Suite } from './play-seeds.ts';

export interface PlantedOptions {
  readonly names: readonly string[];
  readonly first: number;
  readonly seeds: number;
  readonly root: string;
  readonly onNote: (text: string) => void;
}

interface Bug {
  readonly name: string;
  readonly path: string;
  readonly changes: readonly string[];
  readonly suite: Suite;
  /** Begins of the invariants that may find it. */
  readonly foundBy: readonly string[];
}

interface Finding {
  readonly bug: string;
  readonly found: boolean;
  readonly seed?: number;
  readonly by: string;
}

const FOLDER = join(import.meta.dirname, 'planted');

/**
 * Each patch plants one bug of the protocol in a copy of the program; worlds are played there until an invariant that it
 * names is violated. A simulation that does not find it is too weak.
 */
export async function playPlanted({ names, first, seeds, root, onNote }: PlantedOptions) {
  const bugs = await readBugs(names);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-planted-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const tree = await MutantTree.copy(root, folder);
  const findings: Finding[] = [];
  for (const bug of bugs) {
    const refused = await tree.apply(bug.path, bug.changes);
    const finding =
      refused === undefined
        ? await hunt(bug, tree.folder, { first, count: seeds })
        : { bug: bug.name, found: false, by: refused };
    await tree.restore(bug.changes);
    findings.push(finding);
    onNote(`${bug.name}: ${finding.found ? `seed ${finding.seed}` : 'NOT FOUND'}, ${finding.by}`);
  }
  const found = findings.filter((finding) => finding.found).length;
  const report = { suite: 'planted', seed: first, seeds, cases: bugs.length, found, findings };
  const text = `${found} of ${bugs.length} planted bugs found`;
  return { report, good: bugs.length > 0 && found === bugs.length, text };
}

async function hunt(
  { name, suite, foundBy }: Bug,
  root: string,
  { first, count }: { readonly first: number; readonly count: number },
): Promise<Finding> {
  const found = new AbortController();
  let finding: Finding = { bug: name, found: false, by: `${count} worlds` };
  const onPlayed = ({ seed, violations, stuck }: Played): void => {
    const told = [...violations, ...(stuck.length > 0 ? [`stuck: ${stuck[0]}`] : [])];
    const by = told.find((violation) => foundBy.some((begin) => violation.startsWith(begin)));
    if (by === undefined || finding.found) return;
    finding = { bug: name, found: true, seed, by };
    found.abort();
  };
  await playSeeds({ suite, first, count, root, onPlayed, signal: found.signal });
  return finding;
}

async function readBugs(names: readonly string[]): Promise<readonly Bug[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.patch')).toSorted();
  const wanted = files.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  return await Promise.all(wanted.map(readBug));
}

async function readBug(file: string): Promise<Bug> {
  const path = join(FOLDER, file);
  const text = await readFile(path, 'utf8');
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);
  const foundBy = all(/^# found-by: (.+)$/gm);
  const changes = all(/^\+\+\+ b\/(\S+)$/gm);
  if (foundBy.length === 0 || changes.length === 0)
    throw new Error(`${file} names no invariant that must find it, or changes nothing`);
  const suite = all(/^# suite: (cleaning)$/gm).length > 0 ? 'cleaning' : 'system';
  return { name: file.replace(/\.patch$/, ''), path, changes, suite, foundBy };
}
