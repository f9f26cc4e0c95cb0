import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { isoTime, type Clock } from '#libs/kernel/clock.ts';
import { HoldfastError, problem, refuseAll } from '#libs/kernel/errors.ts';
import type { SnapshotId } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import { writeNdjson } from '#libs/repository/ndjson.ts';
import type { Repository } from '#libs/repository/port.ts';
import { Capture } from './capture.ts';
import type { Disk } from './disk.ts';
import { inspectRoots } from './inspect.ts';
import type { LeftOutEntry } from './left-out.ts';
import type { TakeOptions, TakeRequest } from './port.ts';

export interface TakeDeps {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly disk: Disk;
}

/** Roots → chunks → listing → snapshot, in this order: a snapshot never names what is not durable. */
export async function takeTrees(
  request: TakeRequest,
  options: TakeOptions,
  { repository, clock, disk }: TakeDeps,
): Promise<TakeSnapshotOutcome> {
  refuseAll('REFUSED', await inspectRoots(request.roots));
  const takenAt = isoTime(clock);
  const { signal, onProgress, onSmallFile } = options;
  let read = 0;
  const onBytes = (bytes: number): void => onProgress((read += bytes));
  await using writer = repository.writer();
  const capture = new Capture({
    disk,
    writer,
    signal,
    onBytes,
    ...(onSmallFile === undefined ? {} : { onSmallFile }),
  });
  const listing = await writer.writeStream(writeNdjson(capture.records(request.roots)), { signal });
  const leftOut = [...request.leftOut, ...capture.leftOut.list()];
  refusePartial(request, leftOut);
  const { roots, unsettled } = capture;
  const facts = await request.factsOf({ roots, unsettled });
  const totals = await writer.flush({ signal });
  const { deployment, runId, step, attempt } = request.command;
  // A worker that died after this point left a snapshot of the same attempt: it is never written to again.
  const id = `${runId}.${step}.${attempt}.${clock.now().toString(36)}` as SnapshotId;
  const { component, mark } = request;
  const { digest } = await repository.putSnapshot(
    {
      id,
      deployment,
      component,
      runId,
      takenAt,
      mark,
      facts: facts as Json,
      streams: { listing },
      packs: totals.packs,
    },
    { signal },
  );
  return {
    snapshot: { deployment, component, id, digest },
    mark,
    leftOut,
    facts: facts as Record<string, unknown>,
    packs: [...totals.packs],
    sourceBytes: read,
    newBytes: totals.newBytes,
  };
}

function refusePartial({ partial, component }: TakeRequest, leftOut: readonly LeftOutEntry[]): void {
  const problems = leftOut
    .filter((entry) => entry.partial)
    .map(({ what, reason }) => problem('FILE_UNREADABLE', what, reason));
  if (partial === 'refuse' && problems.length > 0)
    throw new HoldfastError(
      'FILE_UNREADABLE',
      { component, entries: problems.length, reason: 'policy.partial is refuse' },
      { problems },
    );
}
