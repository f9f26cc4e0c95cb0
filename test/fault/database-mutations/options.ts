export interface MutationOptions {
  /** Superuser's address of the database `postgres`. */
  readonly server: string;
  readonly pgBin: string;
  readonly parts: readonly string[];
  readonly seed: number;
  readonly cases: number;
  readonly onNote: (text: string) => void;
}
