/** What looking cannot decide: said whole, with what to add. */
export interface Question {
  readonly subject: string;
  readonly message: string;
  /** What to put where, ready to paste. */
  readonly add: string;
  /** Without an answer a backup cannot work. */
  readonly must: boolean;
}

/** A folder that is kept, and why. */
export interface FoundFolder {
  readonly name: string;
  readonly path: string;
  readonly optional: boolean;
  readonly note: string;
}

/** Where a column's paths lead: one rule of the spec. */
export interface FoundRule {
  readonly table: string;
  readonly path: string;
  readonly sha256: string | undefined;
  readonly size: string | undefined;
  readonly root: string;
  readonly prefix: string;
  readonly base: string;
  readonly note: string;
}

/** Keys of a settings file that name this deployment's database and folders. */
export interface FoundRewrite {
  readonly file: string;
  readonly format: 'json' | 'yaml' | 'env';
  readonly set: Readonly<Record<string, string>>;
}
