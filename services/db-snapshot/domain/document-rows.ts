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

function normalise(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}
