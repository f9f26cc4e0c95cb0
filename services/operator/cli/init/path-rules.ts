import { posix } from 'node:path';
import type { FoundFolder } from './found.ts';

/** One way to read a path of a row: `prefix` is cut off, the rest lies in `base` below the root. */
export interface Convention {
  readonly root: string;
  readonly prefix: string;
  readonly base: string;
}

/** A file as a row tells of it. */
export interface SampledRow {
  readonly path: string;
  readonly digests: readonly (string | null)[];
  readonly sizes: readonly (string | null)[];
}

/** Rows that share their first folder, and how many there are in all. */
export interface SampledHead {
  /** With its slash; empty for paths without a folder. */
  readonly head: string;
  readonly rows: number;
  readonly sample: readonly SampledRow[];
}

/**
 * Ways to read paths with this head, most specific first: absolute, relative to the application's folder, relative
 * to a root or a folder below one. Pure.
 */
export function conventionsFor(
  head: string,
  place: { appRoot: string; roots: readonly FoundFolder[]; basesOf: ReadonlyMap<string, readonly string[]> },
): readonly Convention[] {
  const absolute = place.roots.map((root) => ({ root: root.name, prefix: `${root.path}/`, base: '' }));
  if (head === '/') return absolute;
  const inApp = place.roots.flatMap((root) => {
    const relative = posix.relative(place.appRoot, root.path);
    return !relative.startsWith('..') && `${relative}/`.startsWith(head) && head !== ''
      ? [{ root: root.name, prefix: `${relative}/`, base: '' }]
      : [];
  });
  const inRoots = place.roots.flatMap((root) =>
    (place.basesOf.get(root.name) ?? ['']).map((base) => ({
      root: root.name,
      prefix: head,
      base: base === '' ? head.replace(/\/$/, '') : posix.join(base, head).replace(/\/$/, ''),
    })),
  );
  return [...inApp, ...inRoots];
}

/** The path below the root, or undefined when the rule does not speak of it. Pure. */
export function pathBelowRoot(path: string, { prefix, base }: Convention): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const joined = posix.join(base, path.slice(prefix.length));
  return joined.startsWith('..') || joined.startsWith('/') ? undefined : joined;
}

/**
 * Heads that are all read relative to one same folder become one rule that also holds for heads to come; a mixture
 * stays one rule per head, because a rule without prefix would claim the rows of the others. Pure.
 */
export function mergeConventions(conventions: readonly Convention[]): readonly Convention[] {
  const relative = conventions.map((convention) => ({ convention, folder: folderOf(convention) }));
  const [first] = relative;
  const same =
    first?.folder !== undefined &&
    relative.every(
      ({ convention, folder }) => folder === first.folder && convention.root === first.convention.root,
    );
  if (same) return [{ root: first.convention.root, prefix: '', base: first.folder! }];
  const seen = new Set<string>();
  return conventions.filter((each) => !seen.has(JSON.stringify(each)) && seen.add(JSON.stringify(each)));
}

/** The folder that whole paths are relative to; undefined when the prefix is not the last part of the base. */
function folderOf({ prefix, base }: Convention): string | undefined {
  const head = prefix.replace(/\/$/, '');
  if (head === '') return base;
  if (base === head) return '';
  return base.endsWith(`/${head}`) ? base.slice(0, -head.length - 1) : undefined;
}
