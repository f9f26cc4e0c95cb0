import type { StreamRef } from '#libs/repository/port.ts';

/**
 * Streams of a files or config snapshot: `listing`, NDJSON of TreeRecord, roots in spec order, each folder before its
 * content; the root itself is the record with path `.` (kind `file` for a single env file).
 */
export type TreeRecord = {
  readonly root: string;
  /** Bytes of the path below the root as latin1 text of its UTF-8 or raw bytes: `Buffer.from(path, 'latin1')` is the path. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch, decimal text. */
  readonly mtimeNs: string;
} & (
  | { readonly kind: 'folder' }
  | { readonly kind: 'symlink'; readonly target: string }
  /** `same` names the first path of the same root that is this very inode (hard link). */
  | { readonly kind: 'link'; readonly same: string }
  | {
      readonly kind: 'file';
      readonly data: StreamRef;
      /** `grew`: longer than at first stat, the first bytes are of the moment; `changed`: rewritten while read, twice. */
      readonly unsettled?: 'grew' | 'changed';
    }
);

/** The roots of a component as the spec declares them: env files are single roots named `env:<path>`. */
export interface TreeRoot {
  readonly name: string;
  readonly path: string;
  readonly optional: boolean;
  readonly single: boolean;
  readonly exclude: readonly string[];
}

export interface RootFacts {
  readonly name: string;
  readonly path: string;
  readonly state: 'captured' | 'absent';
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
}

export interface FilesFacts {
  readonly roots: readonly RootFacts[];
  readonly unsettled: readonly string[];
}

export interface ConfigFacts {
  readonly roots: readonly RootFacts[];
  /** Name → first 16 hex characters of the keyed digest, for every variable of every env file. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** The same per file: what a version holds. `name` is empty for the whole file. */
  readonly values: readonly { readonly file: string; readonly name: string; readonly fingerprint: string }[];
  readonly missingVariables: readonly string[];
  readonly certificates: readonly {
    readonly path: string;
    readonly subject: string;
    readonly notAfter: string;
    readonly keyMatches: boolean | null;
    /** First 16 hex characters of the certificate's own SHA-256; absent in snapshots of the first version. */
    readonly fingerprint?: string;
  }[];
  readonly runtime: readonly { readonly name: string; readonly found: boolean; readonly version: string }[];
}
