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
 * It is ASCII: the server keeps it as the database has it that it was written from, of whatever encoding.
 */
export function stageComment(name: string, prefix: string, finished?: Finished): string {
  const told = finished === undefined ? '' : ` ${asciiOf(JSON.stringify(finished))}`;
  return commentStatement(name, `${claimText(prefix)}${told}`);
}

/** Whether the run wrote what is in it: nothing else is ever removed for a restore. */
export async function isClaimed({ server, name }: StagePlace, prefix: string): Promise<boolean> {
  return (await commentOf(server, name)).startsWith(claimText(prefix));
}

/** Its own, as in the backup, in place of ours; written from within, for its encoding is that of its texts. */
export async function giveComment(place: StagePlace, prefix: string, comment: string | null): Promise<void> {
  if (!(await isClaimed(place, prefix))) return;
  await using database = await place.enter();
  await database.run(commentStatement(place.name, comment));
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
  return JSON.parse(comment.slice(claim.length)) as Finished;
}

function claimText(prefix: string): string {
  return `filled by Holdfast: ${asciiOf(prefix)}`;
}

/** Within JSON the same text. */
function asciiOf(text: string): string {
  return text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function commentStatement(name: string, comment: string | null): string {
  return `COMMENT ON DATABASE ${quoteName(name)} IS ${comment === null ? 'NULL' : quoteText(comment)}`;
}

async function commentOf(server: Database, name: string): Promise<string> {
  const [row] = await server.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1`,
    [name],
  );
  return row?.comment ?? '';
}
