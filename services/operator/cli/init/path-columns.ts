/** A column of the database, as introspected. */
export interface Column {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** `information_schema` name: `character varying`, `text`, `bigint`. */
  readonly type: string;
}

/** A column whose name says that it may hold file paths, with the columns beside it that may describe the file. */
export interface PathColumn {
  readonly table: string;
  readonly path: string;
  readonly digests: readonly string[];
  readonly sizes: readonly string[];
  /** The name leaves no doubt: nothing found is then a question, not a no. */
  readonly certain: boolean;
}

const TEXT = new Set(['character varying', 'text', 'character']);
const WHOLE = new Set(['bigint', 'integer', 'numeric']);
const CERTAIN = /(^|_)(file_?path|path)$|(^|_)file$|(^|_)logo$/;
const POSSIBLE = /path|file|logo|image|photo|picture|avatar|upload|attachment|scan|document/;
const NEVER =
  /(^|_)(name|filename|type|mime|hash|checksum|digest|number|title|description|status|version|id|count|url|agent|code|key|format|extension|size)$|^request_path$/;
const DIGEST = /sha256|checksum|hash|digest/;
const SIZE = /size|bytes/;

/** Candidates of the public schema, by name and type alone; sampling decides. Pure. */
export function pathColumnsOf(columns: readonly Column[]): readonly PathColumn[] {
  const own = columns.filter((column) => column.schema === 'public' && !column.table.startsWith('django_'));
  return own.filter(mayHoldPaths).map((column) => {
    const beside = own.filter((other) => other.table === column.table && other.name !== column.name);
    return {
      table: column.table,
      path: column.name,
      digests: byStem(
        column.name,
        beside.filter((other) => TEXT.has(other.type) && DIGEST.test(other.name)),
      ),
      sizes: byStem(
        column.name,
        beside.filter((other) => WHOLE.has(other.type) && SIZE.test(other.name)),
      ),
      certain: CERTAIN.test(column.name),
    };
  });
}

function mayHoldPaths({ name, type }: Column): boolean {
  return TEXT.has(type) && !NEVER.test(name) && (CERTAIN.test(name) || POSSIBLE.test(name));
}

/** `file_checksum` is more likely about `file_path` than `document_hash` is. */
function byStem(path: string, columns: readonly Column[]): readonly string[] {
  const stem = path.replace(/_?path$/, '');
  const rank = (name: string) => (name.startsWith(stem) && stem !== '' ? 0 : 1);
  return columns.map(({ name }) => name).toSorted((a, b) => rank(a) - rank(b));
}
