import type { Token } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StagedDatabase } from '#libs/contracts/requests.ts';
import { sideName, sidePrefix } from './names.ts';

/** Names of databases and their object ids, as they are now. */
export type Present = ReadonlyMap<string, string>;

export interface Renames {
  readonly renames: readonly { readonly from: string; readonly to: string }[];
}

/** The object id in the stage tells the restored database from any other, whatever it is called. */
export function stageOf(stage: string, oid: string): string {
  return `${stage}.${oid}`;
}

/** What the staged database is called now; undefined when it is gone, and for a spare one, which keeps its name. Pure. */
export function nameOfStaged(staged: StagedDatabase, present: Present): string | undefined {
  if (isSpare(staged)) return undefined;
  return [...present].find(([, oid]) => oid === oidOf(staged.stage))?.[0];
}

/** The side name that it has from an act of `token` on; it keeps the id of the run that made it. */
export function ownPlace({ stage, live }: StagedDatabase, token: Token) {
  const runId = stage.slice(0, stage.indexOf('.'));
  return { side: sideName(live, { ...token, runId }), prefix: sidePrefix(live, runId) };
}

/** Nothing to rename when it is switched already. Throws DATABASE_MISSING when the staged database is gone. Pure. */
export function planPivot({ stage, live, side, kept }: StagedDatabase, present: Present): Renames {
  const oid = oidOf(stage);
  if (present.get(live) === oid) return { renames: [] };
  if (present.get(side) !== oid)
    throw new HoldfastError(
      'DATABASE_MISSING',
      { database: side, remedy: 'start the restore again: another attempt has taken over' },
      { message: `staged database is gone: ${side}` },
    );
  const inTheWay = kept === '' ? live : kept;
  if (present.has(live) && present.has(inTheWay))
    throw new HoldfastError('DATABASE_SAME_TARGET', {
      database: inTheWay,
      remedy: `drop or rename database ${inTheWay} first`,
    });
  return {
    renames: [...(present.has(live) ? [{ from: live, to: kept }] : []), { from: side, to: live }],
  };
}

/** A database that an administrator made: no name changes, for the switch is the application's env file. */
export function isSpare({ live, side }: Pick<StagedDatabase, 'live' | 'side'>): boolean {
  return live === side;
}

/** Nothing to rename when it was never switched, or was switched back. Pure. */
export function planUndo({ stage, live, side, kept }: StagedDatabase, present: Present): Renames {
  if (live === side || present.get(live) !== oidOf(stage)) return { renames: [] };
  return {
    renames: [{ from: live, to: side }, ...(present.has(kept) ? [{ from: kept, to: live }] : [])],
  };
}

function oidOf(stage: string): string {
  return stage.slice(stage.lastIndexOf('.') + 1);
}
