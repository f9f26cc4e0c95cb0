import { isDeepStrictEqual } from 'node:util';
import type { OracleState } from '#test/demo/judge.ts';

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
  /** A plan against a target with several things wrong. */
  readonly brokenPlan: {
    readonly exit: number;
    readonly codes: readonly string[];
    readonly touched: boolean;
  };
  /** A backup whose required folder was missing. */
  readonly missingRoot: { readonly exit: number; readonly codes: readonly string[] };
  /** A backup whose database did not answer: what `backups list` showed before and after. */
  readonly failedBackup: {
    readonly exit: number;
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

/** A tree entry by entry: type, mode, owner, size, content, link target, time. */
export function sameTree({ before, after }: Seen, name: string): boolean {
  return (
    before.trees[name]?.state === 'present' &&
    after.trees[name]?.state === 'present' &&
    same(entriesOf(before, name), entriesOf(after, name))
  );
}

function entriesOf(state: OracleState, name: string) {
  return Object.fromEntries(
    Object.entries(state.trees[name]!.entries).map(
      ([path, { type, mode, uid, gid, size, sha256, target, mtime_ns }]) => {
        // The root's own time moves when Holdfast's folder is made in it; the oracle's rules say so too.
        const content = type === 'file' ? { size, sha256 } : {};
        return [
          path,
          {
            type,
            mode,
            uid,
            gid,
            target,
            ...content,
            ...(path === '.' ? {} : { micros: BigInt(mtime_ns) / 10_000n }),
          },
        ];
      },
    ),
  );
}
