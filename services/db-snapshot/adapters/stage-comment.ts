import type { Json } from '#libs/kernel/json.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { quoteName, quoteText } from '#libs/postgres/quote.ts';
import type { Finished } from '../ports.ts';
import { StageMarks } from './stage-marks.ts';

/** A database that a restore fills: the server that has it, and how to enter it. */
export interface StagePlace {
  readonly server: Database;
  readonly name: string;
  readonly enter: () => Promise<Database>;
}

/**
 * The comment of a database that a restore fills tells the run (by the prefix of its names), and when all is there what
 * was done. It outlives the marks, and no event trigger sees that it is written. The switch gives the database its own.
 */
export function stageComment(name: string, prefix: string, finished?: Finished): string {
  const told = finished === undefined ? '' : JSON.stringify(finished);
  return `COMMENT ON DATABASE ${quoteName(name)} IS ${quoteText(`${claimText(prefix)}${told}`)}`;
}

/** Whether the run wrote what is in it: nothing else is ever removed for a restore. */
export async function isClaimed({ server, name }: StagePlace, prefix: string): Promise<boolean> {
  return (await commentOf(server, name)).startsWith(claimText(prefix));
}

/** Whether an earlier worker of the run left something in it that is worth going on with. */
export async function isBegun({ server, name, enter }: StagePlace, prefix: string): Promise<boolean> {
  if ((await readFinished(server, name, prefix)) !== undefined) return true;
  await using database = await enter();
  return (await StageMarks.find(database))?.has('structure') === true;
}

/** Undefined until all is there. */
export async function readFinished(
  server: Database,
  name: string,
  prefix: string,
): Promise<Finished | undefined> {
  const claim = claimText(prefix);
  const comment = await commentOf(server, name);
  if (!comment.startsWith(claim) || comment === claim) return undefined;
  return JSON.parse(comment.slice(claim.length)) as Json as unknown as Finished;
}

function claimText(prefix: string): string {
  return `filled by Holdfast: ${prefix} `;
}

async function commentOf(server: Database, name: string): Promise<string> {
  const [row] = await server.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1`,
    [name],
  );
  return row?.comment ?? '';
}
