import type { TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { StreamRef } from '#libs/repository/port.ts';
import { withHeartbeat, withHeartbeats } from '#libs/runtime/heartbeat.ts';
import { isExcluded } from '../../domain/excluded-tables.ts';
import { tableText } from '../../domain/find-table.ts';
import type { Tally } from '../../domain/tally.ts';
import type { FrozenSource } from '../../ports.ts';

interface Taking {
  readonly source: FrozenSource;
  readonly spec: Spec;
  readonly tally: Tally;
  readonly write: (activity: string) => (bytes: AsyncIterable<Uint8Array>) => Promise<StreamRef>;
  /** Sign of life where no bytes of ours move. */
  readonly alive: (activity: string) => () => void;
}

/** Copies and proves one table after the other. One that is excluded or may not be read is there, and empty. */
export async function* tableRecords({
  source,
  spec,
  tally,
  write,
  alive,
}: Taking): AsyncIterable<TableRecord> {
  for (const table of source.tables) {
    const { schema, name, columns, format, algorithm } = table;
    const record = { schema, name, columns, format };
    if (isExcluded(spec, table) || source.unreadable.has(table.oid)) {
      const data = await write(tableText(table))(nothing());
      yield { ...record, rows: 0, contentHash: { algorithm, value: '0' }, data };
    } else {
      const text = tableText(table);
      const data = await write(text)(withHeartbeats(alive(text), source.copy(table)));
      const proof = await withHeartbeat(alive(`proof of ${text}`), () => source.prove(table));
      tally.counted(tableText(table), proof.rows);
      yield { ...record, ...proof, data };
    }
  }
}

async function* nothing(): AsyncIterable<Uint8Array> {}
