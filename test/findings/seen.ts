import { isDeepStrictEqual } from 'node:util';
import type { OracleEntry, OracleState } from '#test/demo/judge.ts';

/** Everything a finding may look at: what the oracle saw before and after, and what the tools said and left. */
export interface Seen {
  readonly before: OracleState;
  readonly after: OracleState;
  /** The same deployment restored once more, over a living and drifted one; absent when that was not done. */
  readonly over: OracleState | undefined;
  readonly process: ProcessRecord | undefined;
}

/** What happened around the restore, written down by the harness; `undefined` where a scheme has no such thing. */
export interface ProcessRecord {
  readonly manualSteps: number;
  /** Files named by their digest in the store, hashed again. */
  readonly packs: readonly { readonly name: string; readonly sha256: string }[];
  /** A plan against a target with three things wrong. */
  readonly brokenPlan: {
    readonly exit: number;
    readonly codes: readonly string[];
    readonly touched: boolean;
  };
  /** Of the code against the backup, said by a plan before anything was changed. */
  readonly migrationVerdict: string | undefined;
  /** A backup whose required folder was missing. */
  readonly missingRoot: { readonly exit: number; readonly codes: readonly string[] };
  /** Backups of which one component failed, at once or half-way: what `backups list` showed before and after. */
  readonly failedBackups: {
    readonly exits: readonly number[];
    readonly listedBefore: number;
    readonly listedAfter: number;
  };
  /** Checks of the restore with what each compared. */
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  /** Roots of the manifest that were declared optional and not there. */
  readonly absentRoots: readonly string[];
}

export const same = (a: unknown, b: unknown): boolean => a !== undefined && isDeepStrictEqual(a, b);

/** Rows and content of the tables whose name fits, on both sides; comparing none is not equal. */
export function sameTables({ before, after }: Pick<Seen, 'before' | 'after'>, pattern: RegExp): boolean {
  const pick = (state: OracleState) =>
    Object.fromEntries(
      Object.entries(state.database.tables)
        .filter(([name]) => pattern.test(name))
        .map(([name, { rows, digest }]) => [name, { rows, digest }]),
    );
  const wanted = pick(before);
  return Object.keys(wanted).length > 0 && same(wanted, pick(after));
}

/** A tree entry by entry: type, mode, owner, size, content, link target, hard links, time. */
export function sameTree({ before, after }: Seen, name: string): boolean {
  const was = before.trees[name];
  const is = after.trees[name];
  if (was?.state !== 'present' || is?.state !== 'present') return false;
  const paths = Object.keys(was.entries);
  return (
    same(paths.toSorted(), Object.keys(is.entries).toSorted()) &&
    paths.every((path) => sameEntry(was.entries[path]!, is.entries[path]!)) &&
    // The root's own time moves when Holdfast's folder is made in it; the oracle's rules say so too.
    paths.every((path) => path === '.' || sameTime(was.entries[path]!, is.entries[path]!))
  );
}

function sameEntry(was: OracleEntry, is: OracleEntry): boolean {
  const facts = ({ type, mode, uid, gid, target, hard_link_of, size, sha256 }: OracleEntry) =>
    type === 'file' ? { type, mode, uid, gid, hard_link_of, size, sha256 } : { type, mode, uid, gid, target };
  return same(facts(was), facts(is));
}

const MICROSECOND_NS = 1_000n;

/** A difference, not a rounding: two times nanoseconds apart may round to different microseconds. */
function sameTime(was: OracleEntry, is: OracleEntry): boolean {
  const apartNs = BigInt(was.mtime_ns) - BigInt(is.mtime_ns);
  return apartNs <= MICROSECOND_NS && apartNs >= -MICROSECOND_NS;
}
