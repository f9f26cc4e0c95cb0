import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FoundFolder, FoundRule, Question } from './found.ts';
import type { PathColumn } from './path-columns.ts';
import {
  conventionsFor,
  mergeConventions,
  pathBelowRoot,
  type Convention,
  type SampledHead,
  type SampledRow,
} from './path-rules.ts';

/** Folders below a root that paths may be relative to, and files hashed per column: enough to be sure, quick enough to wait for. */
const BASES_MAX = 60;
const HASHED_MAX = 5;
const HASHED_BYTES_MAX = 64 << 20;

export interface SampledColumn {
  readonly column: PathColumn;
  readonly heads: readonly SampledHead[];
}

interface Place {
  readonly appRoot: string;
  readonly roots: readonly FoundFolder[];
  readonly basesOf: ReadonlyMap<string, readonly string[]>;
}

/** Rules for the columns whose paths lead to files, and a question for each that should and does not. */
export async function findDocuments(
  sampled: readonly SampledColumn[],
  appRoot: string,
  roots: readonly FoundFolder[],
): Promise<{ rules: readonly FoundRule[]; questions: readonly Question[] }> {
  const basesOf = new Map(
    await Promise.all(roots.map(async (root) => [root.name, await listBases(root.path)] as const)),
  );
  const place: Place = { appRoot, roots, basesOf };
  const looked = await Promise.all(
    sampled.map(async (each) => ({ ...each, ...(await lookAt(each, place)) })),
  );
  const rules = looked.flatMap((each) => each.rules);
  const questions = looked.flatMap((each) => each.questions);
  const empty = looked.filter(({ column, heads }) => column.certain && heads.length === 0);
  return {
    rules: [...rules, ...empty.flatMap(({ column }) => likely(column, rules))],
    questions: [
      ...questions,
      ...emptyQuestion(
        empty.map(({ column }) => column),
        rules,
      ),
    ],
  };
}

async function lookAt(
  { column, heads }: SampledColumn,
  place: Place,
): Promise<{ rules: readonly FoundRule[]; questions: readonly Question[] }> {
  const found = await Promise.all(
    heads.map(async (head) => ({ head, best: await bestConvention(head, place) })),
  );
  const leading = found.flatMap(({ head, best }) => (best === undefined ? [] : [{ head, ...best }]));
  const lost = found.filter(({ best }) => best === undefined).map(({ head }) => head);
  if (leading.length === 0)
    return { rules: [], questions: column.certain ? lost.map((head) => lostQuestion(column, head)) : [] };
  const files = leading.flatMap(({ head, convention }) => head.sample.map((row) => ({ row, convention })));
  const facts = await describeFiles(column, files, place.roots);
  const rows = leading.reduce((sum, { head }) => sum + head.rows, 0);
  const missing = leading.reduce((sum, { missing: count }) => sum + count, 0);
  const note = `${rows} rows; of those looked at ${facts.found} lead to files, ${missing} do not${facts.note}`;
  const rules = mergeConventions(leading.map(({ convention }) => convention)).map((convention) => ({
    table: column.table,
    path: column.path,
    sha256: facts.sha256,
    size: facts.size,
    ...convention,
    note,
  }));
  return { rules, questions: lost.map((head) => lostQuestion(column, head)) };
}

/** The first reading that leads to most files; undefined when none leads to any. */
async function bestConvention(
  head: SampledHead,
  place: Place,
): Promise<{ convention: Convention; missing: number } | undefined> {
  const counted = await Promise.all(
    conventionsFor(head.head, place).map(async (convention) => {
      const there = await Promise.all(
        head.sample.map(async ({ path }) => (await fileOf(path, convention, place.roots)) !== undefined),
      );
      return { convention, found: there.filter(Boolean).length };
    }),
  );
  const best = counted.reduce<{ convention: Convention; found: number } | undefined>(
    (most, each) => (each.found > (most?.found ?? 0) ? each : most),
    undefined,
  );
  return best === undefined
    ? undefined
    : { convention: best.convention, missing: head.sample.length - best.found };
}

async function fileOf(
  path: string,
  convention: Convention,
  roots: readonly FoundFolder[],
): Promise<{ path: string; bytes: number } | undefined> {
  const below = pathBelowRoot(path, convention);
  const root = roots.find(({ name }) => name === convention.root);
  if (below === undefined || root === undefined) return undefined;
  const full = join(root.path, below);
  const found = await stat(full).catch(() => undefined);
  return found?.isFile() === true ? { path: full, bytes: found.size } : undefined;
}

interface FileFacts {
  readonly sha256: string | undefined;
  readonly size: string | undefined;
  readonly found: number;
  readonly note: string;
}

/** Which of the columns beside holds the digest and the size: the ones that agree with files. */
async function describeFiles(
  column: PathColumn,
  rows: readonly { row: SampledRow; convention: Convention }[],
  roots: readonly FoundFolder[],
): Promise<FileFacts> {
  const located = await Promise.all(
    rows.map(async ({ row, convention }) => ({ row, file: await fileOf(row.path, convention, roots) })),
  );
  const files = located.flatMap(({ row, file }) => (file === undefined ? [] : [{ row, file }]));
  const hashed = await Promise.all(
    files
      .filter(({ file }) => file.bytes <= HASHED_BYTES_MAX)
      .slice(0, HASHED_MAX)
      .map(async ({ row, file }) => ({ row, digest: await sha256Of(file.path) })),
  );
  const digestAt = column.digests.findIndex((_, at) =>
    hashed.some(({ row, digest }) => row.digests[at]?.toLowerCase() === digest),
  );
  const sizeAt = column.sizes.findIndex((_, at) =>
    files.some(({ row, file }) => row.sizes[at] === String(file.bytes)),
  );
  const equal = hashed.filter(
    ({ row, digest }) => digestAt >= 0 && row.digests[digestAt]?.toLowerCase() === digest,
  ).length;
  const note =
    digestAt < 0
      ? '; no column with their SHA-256'
      : `; ${equal} of ${hashed.length} files hashed have the digest of their row`;
  return { sha256: column.digests[digestAt], size: column.sizes[sizeAt], found: files.length, note };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The root itself and folders down to two levels below it. */
async function listBases(root: string): Promise<readonly string[]> {
  const first = await listFolders(root, '');
  const second = (
    await Promise.all(first.slice(0, BASES_MAX).map(async (folder) => await listFolders(root, folder)))
  ).flat();
  return ['', ...first, ...second].slice(0, BASES_MAX);
}

async function listFolders(root: string, below: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => posix.join(below, entry.name))
    .toSorted();
}

/** A column without rows is read as the same column of another table is, if that has a digest as well. */
function likely(column: PathColumn, rules: readonly FoundRule[]): readonly FoundRule[] {
  const model = rules.find(
    (rule) => rule.path === column.path && rule.sha256 !== undefined && column.digests.includes(rule.sha256),
  );
  if (model === undefined) return [];
  const same = rules.filter((rule) => rule.table === model.table && rule.path === model.path);
  return same.map((rule) => ({
    ...rule,
    table: column.table,
    size: rule.size !== undefined && column.sizes.includes(rule.size) ? rule.size : undefined,
    note: `no rows yet: read as ${rule.table} is`,
  }));
}

function lostQuestion(column: PathColumn, { head, rows, sample }: SampledHead): Question {
  const { table, path } = column;
  return {
    subject: `${table}.${path}`,
    message: `${rows} rows hold paths like ${JSON.stringify(sample[0]?.path ?? head)} that lead to no file in any root`,
    add: `files.roots: the folder they are in, and files.documents: - { table: ${table}, path: ${path}, root: NAME, prefix: ${JSON.stringify(head)} }; nothing if they are no files`,
    must: false,
  };
}

function emptyQuestion(empty: readonly PathColumn[], rules: readonly FoundRule[]): readonly Question[] {
  const unread = empty
    .filter((column) => likely(column, rules).length === 0)
    .map(({ table, path }) => `${table}.${path}`);
  if (unread.length === 0) return [];
  return [
    {
      subject: unread.join(', '),
      message: 'columns named like file paths have no rows yet, so there was nothing to look at',
      add: 'run holdfast init --app again when they are in use',
      must: false,
    },
  ];
}
