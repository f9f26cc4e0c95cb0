import type { SequenceRecord } from '#libs/contracts/database-snapshot.ts';
import type { Database } from './connect.ts';
import { qualified, quoteText, type ObjectName } from './quote.ts';
import { ownRelations } from './tables.ts';

/** One statement reads this many; each is a relation of its own. */
const BATCH = 200;

/**
 * Identity sequences included. Their state lies outside any snapshot: what is read is what was issued by now. A
 * sequence that was never used is told apart from one that issued its first value.
 */
export async function readSequences(database: Database): Promise<readonly SequenceRecord[]> {
  const names = await database.query<ObjectName>(
    `SELECT n.nspname AS schema, c.relname AS name FROM ${ownRelations(['S'])}
      ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const records: SequenceRecord[] = [];
  for (let start = 0; start < names.length; start += BATCH) {
    const batch = names.slice(start, start + BATCH);
    const states = await database.query<{ at: number; lastValue: string; isCalled: boolean }>(
      batch
        .map(
          (name, at) =>
            `SELECT ${at} AS at, last_value::text AS "lastValue", is_called AS "isCalled" FROM ${qualified(name)}`,
        )
        .join(' UNION ALL '),
    );
    for (const { at, lastValue, isCalled } of states.toSorted((a, b) => a.at - b.at))
      records.push({ ...batch[at]!, lastValue, isCalled });
  }
  return records;
}

/** Exactly as the source said, never-used ones included. */
export async function writeSequences(
  database: Database,
  records: AsyncIterable<SequenceRecord>,
): Promise<void> {
  for await (const { lastValue, isCalled, ...name } of records)
    await database.query(`SELECT setval(${quoteText(qualified(name))}::regclass, $1::bigint, $2::boolean)`, [
      lastValue,
      isCalled,
    ]);
}
