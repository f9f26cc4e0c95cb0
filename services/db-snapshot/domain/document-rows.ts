import type { DocumentRow } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';

export type DocumentRule = Spec['files']['documents'][number];

/** A row as the rule's columns hold it. */
export interface NamedFile {
  readonly path: string;
  readonly sha256: string | null;
  readonly size: string | null;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** Undefined when the path leaves its root. What is no SHA-256 is no digest to compare with. Pure. */
export function resolveDocument(rule: DocumentRule, file: NamedFile): DocumentRow | undefined {
  const path = normalise(`${rule.base}/${file.path.slice(rule.prefix.length)}`);
  if (path === undefined) return undefined;
  const digest = (file.sha256 ?? '').trim().toLowerCase();
  return {
    table: rule.table,
    root: rule.root,
    path,
    sha256: SHA256.test(digest) ? digest : '',
    size: file.size === null ? null : Number(file.size),
  };
}

/** Rules that read the same columns: the rows are read once for all of them. Pure. */
export function groupRules(
  rules: readonly DocumentRule[],
): readonly (readonly [DocumentRule, ...DocumentRule[]])[] {
  const groups = new Map<string, [DocumentRule, ...DocumentRule[]]>();
  for (const rule of rules) {
    const { table, path, sha256, size } = rule;
    const key = JSON.stringify([table, path, sha256, size]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [rule]);
    else group.push(rule);
  }
  return [...groups.values()];
}

/** `s3://bucket/key` and the like: in a store of its own, which no tree of ours holds. Pure. */
export function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
}

/** An absolute path, or one that climbs out of whatever folder it is below. Pure. */
export function leavesRoots(path: string): boolean {
  return path.startsWith('/') || normalise(path) === undefined;
}

function normalise(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}
