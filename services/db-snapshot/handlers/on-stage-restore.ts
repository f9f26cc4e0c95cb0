import { adaptationOf, type Adaptation } from '#libs/contracts/adaptation.ts';
import type { DatabaseGlobals, SequenceRecord, TableRecord } from '#libs/contracts/database-snapshot.ts';
import { stageRestoreRequest, type StagedDatabase } from '#libs/contracts/requests.ts';
import { stageName } from '#libs/contracts/stage.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot, StreamRef } from '#libs/repository/port.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { withHeartbeat } from '#libs/runtime/heartbeat.ts';
import { readGlobals, requireStream } from './snapshot-streams.ts';
import { keptName, sideName, sidePrefix } from '../domain/names.ts';
import { stageOf } from '../domain/switch.ts';
import type { DbSnapshotPorts, SideDatabase } from '../ports.ts';

/**
 * The snapshot as a database beside the live one: structure, rows, sequences, then keys, indexes and triggers, so that
 * nothing fires while rows come in and every constraint is made by checking. The live database is not touched.
 */
export async function onStageRestore(
  request: Json,
  context: StepContext,
  { target, repository }: DbSnapshotPorts,
): Promise<Json> {
  const { snapshot: ref } = parseWith(stageRestoreRequest, request, 'StageRestore');
  const { token, spec, signal, phase } = context;
  const snapshot = await repository.readSnapshot(ref, { signal });
  const globals = await readGlobals(repository, snapshot, signal);
  const live = target.liveName(spec);
  const spare = target.spareName(spec);
  const side = spare ?? sideName(live, token);
  const prefix = sidePrefix(live, token.runId);
  await using database = await phase('create', () => target.create(spec, { side, prefix, globals }, context));
  const adaptation = adaptationOf(spec, ref.deployment);
  const adapted = await fill(database, snapshot, { globals, adaptation }, repository, context);
  const staged = {
    component: 'database',
    stage: stageOf(stageName(token), database.oid),
    side,
    ...(spare === undefined ? { live, kept: keptName(live, token.runId) } : { live: spare, kept: live }),
    adapted,
  } satisfies StagedDatabase;
  return staged as unknown as Json;
}

async function fill(
  database: SideDatabase,
  snapshot: Snapshot,
  { globals, adaptation }: { readonly globals: DatabaseGlobals; readonly adaptation: Adaptation },
  repository: Repository,
  { signal, phase, progress }: StepContext,
): Promise<StagedDatabase['adapted']> {
  const stream = (name: string) => repository.read(requireStream(snapshot, name), { signal });
  let bytes = 0;
  const silent = <T>(name: string, activity: string, work: () => Promise<T>) =>
    phase(name, () => withHeartbeat(() => progress({ bytes, bytesTotal, activity }), work));
  const tables = await Array.fromAsync(readNdjson<TableRecord>(stream('tables')));
  const sizeOf = ({ slices }: TableRecord) => slices.reduce((sum, slice) => sum + slice.bytes, 0);
  const bytesTotal = tables.reduce((sum, table) => sum + sizeOf(table), 0);
  const read = (table: TableRecord) =>
    async function* (slice: StreamRef) {
      for await (const piece of repository.read(slice, { signal })) {
        bytes += piece.length;
        progress({ bytes, bytesTotal, activity: `${table.schema}.${table.name}` });
        yield piece;
      }
    };
  await silent('structure', 'structure', () => database.restoreStructure(stream('schema')));
  const load = async (table: TableRecord) => {
    await database.load(table, read(table));
    const activity = `indexes of ${table.schema}.${table.name}`;
    await withHeartbeat(
      () => progress({ bytes, bytesTotal, activity }),
      () => database.buildIndexes(table),
    );
  };
  const largestFirst = tables.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  await phase('tables', () => Promise.all(largestFirst.map(load)));
  const adapted = await silent('adapt', 'sessions and schedules', () => database.adapt(adaptation));
  await phase('sequences', () => database.setSequences(readNdjson<SequenceRecord>(stream('sequences'))));
  const keysNotValid = await silent('keys', 'keys, indexes and triggers', () => database.restoreLate());
  await silent('finish', 'statistics', () => database.finish(globals));
  return { ...adapted, keysNotValid: [...keysNotValid] };
}
