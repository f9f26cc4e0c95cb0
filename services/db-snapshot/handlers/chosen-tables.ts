import type { SequenceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import { chosenTables } from '#libs/contracts/relocation.ts';
import { HoldfastError, problem, refuseAll, type Problem } from '#libs/kernel/errors.ts';
import type { Snapshot } from '#libs/repository/port.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { withHeartbeat } from '#libs/runtime/heartbeat.ts';
import { chooseTables, type ChosenTables } from '../domain/choose-tables.ts';
import { tableText } from '../domain/find-table.ts';
import type { DbSnapshotPorts, SideDatabase } from '../ports.ts';
import { readSnapshotTables } from './snapshot-streams.ts';

/** What the run restores where it is not the whole database. Throws REFUSED with every name that no table has. */
export async function findChosen(
  snapshot: Snapshot,
  { command, signal }: StepContext,
  ports: DbSnapshotPorts,
): Promise<ChosenTables | undefined> {
  const choice = chosenTables(command);
  if (choice === undefined) return undefined;
  const chosen = chooseTables(await readSnapshotTables(snapshot, ports, signal), choice);
  refuseAll('REFUSED', chosen.problems, { snapshot: snapshot.id });
  return chosen;
}

/** Those of the chosen tables: sequences are restored with what they belong to. */
export async function* sequencesIn(
  database: SideDatabase,
  records: AsyncIterable<SequenceRecord>,
): AsyncIterable<SequenceRecord> {
  const present = new Set((await database.sequences()).map(tableText));
  for await (const record of records) if (present.has(tableText(record))) yield record;
}

/** Each against what the source said of it: no verifier looks at a database of some tables. Throws PROOF_FAILED. */
export async function proveChosen(
  database: SideDatabase,
  { records }: ChosenTables,
  { progress }: StepContext,
): Promise<void> {
  let activity = 'proof';
  const compare = async (table: TableRecord): Promise<readonly Problem[]> => {
    const found = await database.prove(table);
    activity = `proof of ${tableText(table)}`;
    const differs = (message: string) => [problem('PROOF_FAILED', tableText(table), message)];
    if (found.rows !== table.rows) return differs(`has ${found.rows} rows, had ${table.rows}`);
    return found.contentHash.value === table.contentHash.value ? [] : differs('has other content');
  };
  const compared = await withHeartbeat(
    () => progress({ bytes: 0, activity }),
    () => Promise.all(records.map(compare)),
  );
  const problems = compared.flat();
  if (problems.length > 0) throw new HoldfastError('PROOF_FAILED', { tables: problems.length }, { problems });
}
