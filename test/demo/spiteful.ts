import { posix } from 'node:path';
import { backupFacts, type Check, type LeftOut } from './holdfast-scheme.ts';
import type { Spoken } from './holdfast.ts';
import type { Verdict } from './judge.ts';
import type { Played } from './theatre.ts';
import type { LivingDocument, World } from './world.ts';

type Moving = Pick<World, 'living'>;

const RESTART = 'every start writes it';
const INDEX = 'the index is rewritten while the backup reads it';
const ASKED = 'asking whether the application can insert spends a value';
const OVERWRITTEN =
  'overwritten where it lies while the backup runs: an older or newer generation is as good';

/**
 * What a spiteful world changes by itself, declared to the oracle before anything happens. Not declared, so still
 * judged: that row and file of an overwritten document fit each other, and all other columns of its row.
 */
export function declaredOf({ living }: Moving): object {
  if (living.length === 0) return { volatile: {} };
  return {
    volatile: { tables: { site_locks: RESTART, site_starts: RESTART } },
    // Compared all the same, document by document, against the file.
    ignore_columns: { documents: ['file_checksum'] },
    may_differ: [
      { area: 'database.sequences', key: 'public.site_starts_id_seq', reason: RESTART },
      {
        area: 'database.sequences',
        key: 'public.site_event_types_id_seq',
        field: 'next_value',
        reason: ASKED,
      },
      { area: 'trees.storage', key: 'index', field: 'mtime_ns', reason: INDEX },
      { area: 'trees.storage', key: 'index/segment-*', reason: INDEX },
      ...['sha256', 'size', 'mtime_ns'].map((field) => ({
        area: 'trees.storage',
        key: 'index/*',
        field,
        reason: INDEX,
      })),
      ...living.flatMap(({ id, uuid, file_path }) => [
        ...['sha256', 'mtime_ns'].map((field) => ({
          area: 'trees.storage',
          key: posix.relative('storage', file_path),
          field,
          reason: OVERWRITTEN,
        })),
        ...['sha256', 'row_sha256'].map((field) => ({
          area: 'documents.documents.file_path',
          key: String(id),
          field,
          reason: OVERWRITTEN,
        })),
        { area: 'http.documents', key: uuid, field: 'sha256', reason: OVERWRITTEN },
      ]),
    ],
  };
}

/** Where a copy lies elsewhere: these say so, and are not what they were. */
export const ADAPTED = ['sha256', 'size'].map((field) => ({
  area: 'trees.storage',
  key: 'media/local_settings.json',
  field,
  reason: 'names the copy instead of the original',
}));

/** What a backup said of the things that moved under it, and what it said beyond them, which nobody excuses. */
export interface Flagged {
  /** Paths of overwritten documents whose row and file are of two generations. */
  readonly living: ReadonlySet<string>;
  readonly moving: readonly string[];
  readonly beyond: readonly string[];
}

/** What was played, less what the backup or the restore has said of documents that moved. */
export function excused(played: Played, world: Moving): Played & { readonly flagged: Flagged } {
  const { backup, told = [], sabotage } = played;
  const said = flaggedOf(backupFacts(backup).leftOut, world);
  const flagged = { ...said, living: new Set([...said.living, ...told]) };
  const oracle = withoutFlagged(played.oracle, flagged, world);
  return {
    ...played,
    flagged,
    oracle,
    ...(sabotage === undefined ? {} : { sabotage: { ...sabotage, intact: oracle.ok } }),
  };
}

const FIT = 'rows and files';

/** Pure. A torn pair is named by the reconciliation; a file that never held still by the walk. */
export function flaggedOf(leftOut: readonly LeftOut[], { living }: Moving): Flagged {
  const files = new Set(living.map(({ file_path }) => file_path));
  const named = leftOut
    .filter(({ partial }) => partial)
    .flatMap(({ what, reason }) => (what === FIT ? tornOf(reason) : [what]));
  const isMoving = (path: string) => files.has(path) || path.startsWith('storage/index/');
  return {
    living: new Set(named.filter((path) => files.has(path))),
    moving: named.filter(isMoving),
    beyond: named.filter((path) => !isMoving(path)),
  };
}

/** `12 rows: …; different: documents names storage/documents/x.txt` */
function tornOf(reason: string): readonly string[] {
  return reason.split('; ').slice(1).map(tornPath);
}

/** The path in an example of the reconciliation. */
export function tornPath(example: string): string {
  return /^different: \S+ names (.*)$/.exec(example)?.[1] ?? example;
}

/**
 * Row and file of an overwritten document may be of two generations only where the backup itself said so; a pair that
 * did not fit before, and was overwritten since, fits.
 */
export function withoutFlagged(verdict: Verdict, flagged: Flagged, { living }: Moving): Verdict {
  const keysOf = (documents: readonly LivingDocument[]) =>
    new Set(documents.flatMap(({ id, uuid }) => [String(id), uuid]));
  const all = keysOf(living);
  const torn = keysOf(living.filter(({ file_path }) => flagged.living.has(file_path)));
  const isFit = ({ area, field }: Verdict['differences'][number]) =>
    (area === 'documents.documents.file_path' && field === 'verdict') ||
    (area === 'http.documents' && field === 'equals_row');
  const differences = verdict.differences.filter((found) => {
    const fits = found.after === 'ok' || found.after === true;
    return !(isFit(found) && (torn.has(found.key) || (all.has(found.key) && fits)));
  });
  const kept = differences.length === verdict.differences.length;
  return { ...verdict, differences, ok: kept ? verdict.ok : differences.length === 0 };
}

/** A failed check is as good as a passed one where all it names was flagged and moving. */
export function checkHolds(check: Check, flagged: Flagged): boolean {
  if (check.ok) return true;
  const torn = check.name === FIT ? tornOf(check.detail) : [];
  return torn.length > 0 && torn.every((path) => flagged.living.has(path));
}

/** Whole; partial (3) is a good answer where documents change under the reader. */
export function requireTaken({ exit, answer, stderr }: Spoken, { living }: Moving): void {
  if (exit === 0 || (exit === 3 && living.length > 0)) return;
  throw new Error(`holdfast backup ended with ${exit}: ${JSON.stringify(answer, null, 2)} ${stderr}`);
}
