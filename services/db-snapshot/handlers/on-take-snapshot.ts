import { takeSnapshotRequest, type TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { isoTime } from '#libs/kernel/clock.ts';
import type { SnapshotId } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import { writeLines, writeNdjson } from '#libs/repository/ndjson.ts';
import type { ChunkWriter, StreamRef } from '#libs/repository/port.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { withHeartbeat } from '#libs/runtime/heartbeat.ts';
import { excludedTables } from '../domain/excluded-tables.ts';
import { Progress, TAKING } from '../domain/progress.ts';
import { Tally } from '../domain/tally.ts';
import type { DbSnapshotPorts, FrozenSource } from '../ports.ts';
import { documentRows } from './take/document-rows.ts';
import { readPrevious, type PreviousTables } from './take/previous.ts';
import { isTaken, takeTables } from './take/table-records.ts';

/**
 * Locks, then the moment, which is told at once; then structure, rows and their proofs, all at that moment; sequences
 * last, because their state lies outside it. The snapshot object is written when all its chunks are durable.
 */
export async function onTakeSnapshot(
  request: Json,
  context: StepContext,
  ports: DbSnapshotPorts,
): Promise<Json> {
  const { previous: ref, portable } = parseWith(takeSnapshotRequest, request, 'TakeSnapshot');
  const { command, token, spec, signal, phase } = context;
  const takenAt = isoTime(ports.clock);
  await using source = await phase('freeze', () => ports.source.freeze(spec, { portable }, signal));
  await context.publishEarly('mark', { mark: source.mark, attempt: command.attempt });
  await using writer = ports.repository.writer();
  const tally = new Tally([...source.leftOut, ...excludedTables(spec, source.tables)]);
  const readBefore = (onTable: () => void) => readPrevious(ref, source, ports.repository, context, onTable);
  const streams = await writeStreams({ source, writer, tally, readBefore }, context);
  const totals = await phase('flush', () => writer.flush({ signal }));
  const facts = { ...source.facts, ...tally.facts() };
  // A worker that is killed behind its snapshot leaves it: the next one of the same attempt has another moment.
  const id = `${command.runId}.${command.step}.${command.attempt}.${token.claim}` as SnapshotId;
  const snapshot = {
    id,
    deployment: command.deployment,
    component: 'database',
    runId: command.runId,
  } as const;
  const { digest } = await ports.repository.putSnapshot(
    { ...snapshot, takenAt, mark: source.mark, facts, streams, packs: totals.packs },
    { signal },
  );
  const outcome = {
    snapshot: { deployment: snapshot.deployment, component: 'database', id, digest },
    mark: source.mark,
    leftOut: [...tally.leftOut],
    facts,
    ...totals,
    packs: [...totals.packs],
  } satisfies TakeSnapshotOutcome;
  return outcome as unknown as Json;
}

/** What is given away is gone: the list of many tables weighs as much as all that comes after it. */
function* emptied(lines: string[]): Iterable<string> {
  for (lines.reverse(); lines.length > 0;) yield lines.pop()!;
}

interface Writing {
  readonly source: FrozenSource;
  readonly writer: ChunkWriter;
  readonly tally: Tally;
  readonly readBefore: (onTable: () => void) => Promise<PreviousTables>;
}

async function writeStreams(
  { source, writer, tally, readBefore }: Writing,
  { spec, signal, phase, progress }: StepContext,
): Promise<Record<string, StreamRef>> {
  const taken = source.tables.filter((table) => isTaken(table, { source, spec }));
  const bytesTotal = taken.flatMap(({ slices }) => slices).reduce((sum, { bytes }) => sum + bytes, 0);
  const done = new Progress(TAKING, { bytes: bytesTotal, tables: taken.length });
  const tell = (activity: string) => progress({ ...done.told, activity });
  const write = (bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void = () => tell('lists')) =>
    writer.writeStream(bytes, { signal, onBytes, grain: 'fine' });
  const silent = <T>(name: string, activity: string, work: () => Promise<T>) =>
    phase(name, () => withHeartbeat(() => tell(activity), work));
  done.done('moment');
  const previous = await phase('previous', () => readBefore(() => tell('the backup before')));
  const [schema, tables, documents] = await Promise.all([
    silent('schema', 'structure', () => write(source.structure())).finally(() => done.done('structure')),
    phase('tables', () =>
      takeTables({
        source,
        spec,
        tally,
        previous,
        write,
        keep: (stream) => writer.keepStream(stream, { signal }),
        done,
        tell,
      }),
    ),
    silent('documents', 'document paths', () => write(writeNdjson(documentRows(source, spec, tally)))),
  ]);
  const largeObjects = await silent('large objects', 'large objects', () =>
    write(writeNdjson(source.largeObjects())),
  );
  const { globals, leftOut } = await phase('globals', () => source.globals());
  tally.leaveOut(...leftOut);
  const sequences = await phase('sequences', () => source.sequences());
  tally.sequences = sequences.length;
  return {
    schema,
    documents,
    'large-objects': largeObjects,
    tables: await write(writeLines(emptied(tables))),
    globals: await write(writeNdjson([globals])),
    sequences: await write(writeNdjson(sequences)),
  };
}
