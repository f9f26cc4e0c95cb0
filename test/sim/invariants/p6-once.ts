import { runIdOf } from '#libs/kernel/ids.ts';
import type { LogEntry, LogEvent } from '#libs/saga/log.ts';
import type { RunFacts } from '../facts.ts';

/** P6: one slot is recorded once. */
export function slotOnce(event: LogEvent, before: readonly LogEntry[]): string | undefined {
  if (event.kind !== 'slot') return undefined;
  const again = before.some((entry) => entry.event.kind === 'slot' && entry.event.slot === event.slot);
  return again ? `slot ${event.slot} is taken twice` : undefined;
}

/** P6: a run that the schedule asks for is that of a slot in the log. */
export function runOfItsSlot(
  event: LogEvent,
  before: readonly LogEntry[],
  deployment: string,
): string | undefined {
  if (event.kind !== 'opened' || event.principal !== 'schedule') return undefined;
  const isOfSlot = before.some(
    (entry) =>
      entry.event.kind === 'slot' &&
      runIdOf({ kind: 'slot', deployment, key: entry.event.slot }) === event.runId,
  );
  return isOfSlot ? undefined : `run ${event.runId.slice(0, 8)} is of no slot in the log`;
}

/** P6: one run makes one backup. */
export function oneBackup(runId: string, backups: ReadonlyMap<string, string>): string | undefined {
  const own = [...backups].filter(([, run]) => run === runId).map(([id]) => id);
  return own.length > 1 ? `run ${runId.slice(0, 8)} made ${own.join(' and ')}` : undefined;
}

/** P6: an attempt ends once. */
export function attemptEndsOnce({ entries }: RunFacts): string | undefined {
  const last = entries.at(-1)!.event;
  if (last.kind !== 'step-completed' && last.kind !== 'step-failed') return undefined;
  const { step, attempt } = last;
  const ends = entries.filter(
    ({ event }) =>
      (event.kind === 'step-completed' || event.kind === 'step-failed') &&
      event.step === step &&
      event.attempt === attempt,
  );
  return ends.length > 1 ? `${step}.${attempt} ended ${ends.length} times` : undefined;
}

/** P6: copies of one request get one answer. */
export function oneAnswer(request: string, runIds: readonly string[]): string | undefined {
  const different = new Set(runIds);
  return different.size > 1
    ? `request ${request} was answered with ${[...different].join(' and ')}`
    : undefined;
}

/** P6, P7: who needs the deployment alone has it alone. */
export function aloneIfExclusive(event: LogEvent, before: readonly LogEntry[]): string | undefined {
  if (event.kind !== 'opened') return undefined;
  const open = new Map<string, boolean>();
  for (const { event: earlier } of before) {
    if (earlier.kind === 'opened') open.set(earlier.runId, earlier.exclusive);
    if (earlier.kind === 'closed') open.delete(earlier.runId);
  }
  const other = [...open].find(
    ([runId, exclusive]) => runId !== event.runId && (exclusive || event.exclusive),
  );
  return other === undefined ? undefined : `opened while ${other[0].slice(0, 8)} was open`;
}
