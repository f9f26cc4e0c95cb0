import type { StreamRef } from '#libs/repository/port.ts';

/**
 * Streams of a database snapshot:
 * `schema` a pg_dump archive of all but rows (custom format, sections pre-data and post-data) · `globals` one DatabaseGlobals ·
 * `tables` NDJSON of TableRecord · `large-objects` NDJSON of LargeObjectRecord · `sequences` NDJSON of SequenceRecord · `documents` NDJSON of DocumentRow.
 */
export interface TableRecord {
  /** In the source; entries of the structure's archive name it. */
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** In COPY order; generated columns are left out. */
  readonly columns: readonly string[];
  /** Of the columns, as `format_type` names them. */
  readonly types: readonly string[];
  /** Its file in the source, which a rewrite makes anew, and the columns' numbers: rows lie in blocks as they did while it stays. */
  readonly layout: string;
  readonly format: 'binary' | 'text';
  /** From a query of its own under the same snapshot, not from the copied stream. */
  readonly rows: number;
  readonly contentHash: ContentHash;
  /** A partitioned table whose rows, those of all its partitions, are loaded into it. */
  readonly throughRoot: boolean;
  /** What COPY gave, each whole by itself: together all rows, each once. */
  readonly slices: readonly SliceRecord[];
}

/** Rows of some of a table's blocks, and what the query of its own found in these blocks; a first format had no proof by slice. */
export type SliceRecord = StreamRef & Partial<SliceProof>;

export interface SliceProof {
  readonly rows: number;
  /** The slice's part of the table's content hash. */
  readonly hash: string;
  /** Sum over rows of the mixed hash of `ctid` and `xmin`, decimal text; null where these do not tell one row from another. */
  readonly versions: string | null;
}

/**
 * Order-free: sum over rows, decimal text. `mixed-record` uses the server's hash_record_extended and mixes it; of `record`,
 * which did not, the sum may forget which values stood in one row: it is read, not made. `text` is md5 of the row's text
 * under the settings of `libs/postgres/settings.ts`: slower, the same on any major that writes the values the same.
 */
export interface ContentHash {
  readonly algorithm: 'mixed-record' | 'record' | 'text';
  readonly value: string;
}

export interface SequenceRecord {
  readonly schema: string;
  readonly name: string;
  /** Decimal text; with isCalled false the next value is lastValue itself (never used). */
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** Content apart, which is rows of pg_largeobject. */
export interface LargeObjectRecord {
  readonly oid: string;
  readonly owner: string;
  readonly comment: string | null;
  /** All there are, the owner's own among them; null where nobody ever granted or revoked. A grantee of null is PUBLIC. */
  readonly grants:
    | readonly { readonly grantee: string | null; readonly privilege: string; readonly grantable: boolean }[]
    | null;
}

/** A row that names a file, resolved by the spec's rule: path bytes are relative to the root. */
export interface DocumentRow {
  readonly table: string;
  readonly root: string;
  readonly path: string;
  readonly sha256: string;
  readonly size: number | null;
}

export interface DatabaseGlobals {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly provider: 'libc' | 'icu' | 'builtin';
  /** Of the provider, where it is not libc. */
  readonly locale: string | null;
  readonly connectionLimit: number;
  readonly comment: string | null;
  /** GRANT statements of the database itself, with `%DB%` where its name goes. */
  readonly grants: readonly string[];
  /** ALTER DATABASE / ALTER ROLE … IN DATABASE settings, with `%DB%` where the name goes. */
  readonly settings: readonly string[];
  /** Roles the database depends on: CREATE ROLE with attributes, and password hash where the server shows it. */
  readonly roles: readonly {
    readonly name: string;
    readonly create: string;
    readonly memberships: readonly string[];
  }[];
}

/** Small facts, also in the manifest. */
export interface DatabaseFacts {
  readonly serverVersion: string;
  readonly serverMajor: number;
  /** Empty where the role may not ask, as is `timeline`. */
  readonly systemIdentifier: string;
  /** Another one after a promotion or a recovery to a point in time. */
  readonly timeline: string;
  readonly database: string;
  readonly databaseOid: string;
  readonly tables: number;
  readonly rows: number;
  readonly sequences: number;
  readonly documents: number;
  readonly extensions: readonly string[];
  /** Rows per `schema.table`. */
  readonly rowsByTable: Readonly<Record<string, number>>;
  /** Digests of what the server says of its objects, by kind; to be compared within one major version. */
  readonly schema: Readonly<Record<string, string>>;
  /** django_migrations by app, newest name, where there is such a table. */
  readonly migrations: Readonly<Record<string, string>>;
}
