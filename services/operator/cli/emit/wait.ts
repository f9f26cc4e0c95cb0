import { setTimeout as sleep } from 'node:timers/promises';
import { parseSpec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Answer, Context } from '../command.ts';
import { withBackup } from '../committed-backup.ts';
import { openFrontDoor } from '../connection.ts';
import type { FrontDoor } from '../front-door.ts';
import { watchRun } from '../watch-run.ts';
import { publishTrigger, type TriggerEvent } from './publish.ts';

const ASK_MS = 500;

/**
 * Says it, and answers with the run that covers it: good only when that run committed a whole backup. Throws
 * TRIGGER_UNKNOWN before anything is said, DEADLINE_EXCEEDED when the time is over; the run then goes on.
 */
export async function emitAndWait(event: TriggerEvent, timeoutMs: number, context: Context): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([context.interrupts.signal, timeout]);
  using connection = await openFrontDoor(context, signal);
  const { door } = connection;
  let runId = '';
  try {
    await requireTrigger(event, door);
    await publishTrigger(event, context);
    runId = await findRun(event, door, signal, context);
    const answer = await withBackup(await watchRun(door, runId, context), door);
    return { ...answer, data: { event: { ...event }, ...answer.data } };
  } catch (thrown) {
    if (!timeout.aborted) throw thrown;
    const remedy = runId === '' ? undefined : `it goes on; watch it: holdfast runs watch ${runId}`;
    throw new HoldfastError(
      'DEADLINE_EXCEEDED',
      { timeoutMs, event: event.id, run: runId, ...(remedy === undefined ? {} : { remedy }) },
      { message: 'no committed backup within the time' },
    );
  }
}

async function requireTrigger({ deployment, type }: TriggerEvent, door: FrontDoor): Promise<void> {
  const { triggers } = parseSpec((await door.getDeployment(deployment)).specYaml);
  if (triggers[type] === undefined)
    throw new HoldfastError('TRIGGER_UNKNOWN', { deployment, type, known: Object.keys(triggers).join(', ') });
}

/** Its own run, or the run of the burst it came in; a coordinator that is replaced meanwhile is asked again. */
async function findRun(
  { deployment, source, id }: TriggerEvent,
  door: FrontDoor,
  signal: AbortSignal,
  { report }: Context,
): Promise<string> {
  let told = '';
  for (;;) {
    const found = await door.findTrigger({ deployment, source, id }).catch((thrown: unknown) => {
      if (signal.aborted || HoldfastError.from(thrown).entry.retry !== 'transient') throw thrown;
      return undefined;
    });
    if (found?.state === 'covered') {
      report.note(`backup of ${deployment}: run ${found.runId}`);
      return found.runId;
    }
    if (found?.state === 'waiting' && told !== found.dueAt) {
      told = found.dueAt;
      report.note(`its backup begins at ${told}, or later when more events come`);
    }
    await sleep(ASK_MS, undefined, { signal });
  }
}
