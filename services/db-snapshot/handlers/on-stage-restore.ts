import { adaptationOf, type Adaptation } from '#libs/contracts/adaptation.ts';
import type {
  DatabaseGlobals,
  LargeObjectRecord,
  SequenceRecord,
  TableRecord,
} from '#libs/contracts/database-snapshot.ts';
import { stageRestoreRequest, type StagedDatabase, type StagedTables } from '#libs/contracts/requests.ts';
import { stageName } from '#libs/contracts/stage.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { inTurns } from '#libs/kernel/in-turns.ts';
import type { Json } from '#libs/kernel/json.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot } from '#libs/repository/port.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { withHeartbeat } from '#libs/runtime/heartbeat.ts';
import { findChosen, proveChosen, sequencesIn } from './chosen-tables.ts';
import { readGlobals, requireStream } from './snapshot-streams.ts';
import { TABLES_AT_ONCE } from './take/table-records.ts';
import { tellTables, type ChosenTables } from '../domain/choose-tables.ts';
import { keptName, sideName, sidePrefix } from '../domain/names.ts';
import { Progress, RESTORING } from '../domain/progress.ts';
import { stageOf } from '../domain/switch.ts';
import type { DbSnapshotPorts, Finished, SideDatabase } from '../ports.ts';

/** Of tables that are taken out every row is as it was, whosever they are. */
const AS_THEY_ARE: Adaptation = { sessions: 'keep', schedules: 'keep' };

/**
 * The snapshot, or some of its tables, as a database beside the live one: structure, rows, sequences, then keys, indexes
 * and triggers, so that nothing fires while rows come in and every constraint is made by checking. The live database is
 * not touched.
 */
export async function onStageRestore(
  request: Json,
  context: StepContext,
  ports: DbSnapshotPorts,
): Promise<Json> {
  const { target, repository } = ports;
  const { snapshot: ref } = parseWith(stageRestoreRequest, request, 'StageRestore');
  const { token, spec, signal, phase } = context;
  const snapshot = await repository.readSnapshot(ref, { signal });
  const chosen = await findChosen(snapshot, context, ports);
  const globals = await readGlobals(repository, snapshot, signal);
  const live = target.liveName(spec);
  const spare = target.spareName(spec);
  const side = spare ?? sideName(live, token);
  const prefix = sidePrefix(live, token.runId);
  await using database = await phase('create', () => target.create(spec, { side, prefix, globals }, context));
  const adaptation = chosen === undefined ? adaptationOf(spec, ref.deployment) : AS_THEY_ARE;
  const filling = { globals, adaptation, chosen };
  const adapted = database.finished ?? (await fill(database, snapshot, filling, repository, context));
  if (chosen !== undefined) await phase('proof', () => proveChosen(database, chosen, context));
  const staged = {
    component: 'database',
    stage: stageOf(stageName(token), database.oid),
    side,
    ...(spare === undefined ? { live, kept: keptName(live, token.runId) } : { live: spare, kept: live }),
    comment: globals.comment,
    adapted,
  } satisfies StagedDatabase;
  if (chosen === undefined) return staged as unknown as Json;
  return { ...staged, kept: '', tables: tellTables(chosen) } satisfies StagedTables as unknown as Json;
}

interface Filling {
  readonly globals: DatabaseGlobals;
  readonly adaptation: Adaptation;
  /** Undefined for all. */
  readonly chosen: ChosenTables | undefined;
}

async function fill(
  database: SideDatabase,
  snapshot: Snapshot,
  { globals, adaptation, chosen }: Filling,
  repository: Repository,
  { signal, phase, progress }: StepContext,
): Promise<Finished> {
  const stream = (name: string) => repository.read(requireStream(snapshot, name), { signal });
  const tables = chosen?.records ?? (await Array.fromAsync(readNdjson<TableRecord>(stream('tables'))));
  const sizeOf = ({ slices }: TableRecord) => slices.reduce((sum, slice) => sum + slice.bytes, 0);
  const bytesTotal = tables.reduce((sum, table) => sum + sizeOf(table), 0);
  const done = new Progress(RESTORING, { bytes: bytesTotal, tables: tables.length });
  const tell = (activity: string) => progress({ ...done.told, activity });
  const silent = <T>(name: string, activity: string, work: () => Promise<T>) =>
    phase(name, () => withHeartbeat(() => tell(activity), work));
  const onShareOf = (part: 'structure' | 'keys', activity: string) => (share: number) => {
    done.doneShare(part, share);
    tell(activity);
  };
  const onStructure = onShareOf('structure', 'structure');
  await silent('structure', 'structure', () =>
    database.restoreStructure(stream('schema'), onStructure, chosen?.entries),
  );
  done.done('structure');
  const largeObjects = async (stage: 'made' | 'given') => {
    if (chosen !== undefined) return;
    const records = readNdjson<LargeObjectRecord>(stream('large-objects'));
    await silent('large objects', 'large objects', () => database.restoreLargeObjects(records, stage));
  };
  await largeObjects('made');
  const load = async (table: TableRecord) => {
    const text = `${table.schema}.${table.name}`;
    const bytes = sizeOf(table);
    let [left, rowsLeft] = [bytes, table.rows];
    const moved = (more: number) => {
      left -= more;
      done.done('rows', { bytes: more });
      tell(text);
    };
    await database.load(table, async function* (slice) {
      for await (const piece of repository.read(slice, { signal })) {
        moved(piece.length);
        yield piece;
      }
      const { rows = 0 } = slice;
      done.moved(rows);
      rowsLeft -= rows;
    });
    // What an earlier worker loaded was not read.
    done.moved(rowsLeft);
    done.done('rows', { tables: 1 });
    moved(left);
    const alive = () => tell(`indexes of ${text}`);
    let unbuilt = bytes;
    const built = (more: number) => {
      unbuilt -= more;
      done.done('indexes', { bytes: more });
      alive();
    };
    await withHeartbeat(alive, () => database.buildIndexes(table, (share) => built(share * bytes)));
    built(unbuilt);
  };
  const largestFirst = tables.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  await phase('tables', () => inTurns(largestFirst, TABLES_AT_ONCE, load));
  done.done('indexes');
  await largeObjects('given');
  const adapted = await silent('adapt', 'sessions and schedules', () => database.adapt(adaptation));
  const sequences = readNdjson<SequenceRecord>(stream('sequences'));
  await phase('sequences', () =>
    database.setSequences(chosen === undefined ? sequences : sequencesIn(database, sequences)),
  );
  const late = 'keys, indexes and triggers';
  const incomplete = await silent('keys', late, () => database.restoreLate(onShareOf('keys', late)));
  done.done('keys');
  const finished = { ...adapted, incomplete: [...incomplete] };
  await silent('finish', 'statistics', () => database.finish(globals, finished));
  done.done('statistics');
  tell('statistics');
  return finished;
}
