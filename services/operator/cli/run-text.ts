import { isErrorCode } from '#libs/kernel/catalogue.ts';
import { careText } from './care-text.ts';
import type { Run, RunEvent } from './front-door.ts';
import { errorText } from './problems.ts';
import { prunedText } from './pruned-text.ts';
import { restoredText } from './restored-text.ts';
import { durationText, table } from './text.ts';

/** How runs and their events read. Pure. */
export function runData(run: Run): Record<string, unknown> {
  const { outcomeJson, error, ...rest } = run;
  return { ...rest, outcome: parseObject(outcomeJson), error: error === null ? null : errorOfRun(run) };
}

/** The error of a run in the shape all errors have. */
export function errorOfRun(run: Run) {
  const { code = 'INTERNAL', message = '', remedy = '', problems = [] } = run.error ?? {};
  return {
    code: isErrorCode(code) ? code : ('INTERNAL' as const),
    message,
    remedy,
    problems: problems as never,
  };
}

export function runText(run: Run): string {
  const head = `${run.kind} ${run.runId} of ${run.deployment}: ${stateText(run)}${took(run)}`;
  const steps = table(
    ['STEP', 'STATE', 'ATTEMPT', 'TIME', 'SERVICE'],
    run.steps.map((step) => [
      step.name,
      step.state,
      step.attempt === 0 ? '' : String(step.attempt),
      spanText(step.startedAt, step.finishedAt),
      step.service,
    ]),
  );
  return [head, steps, ...(run.error === null ? [] : [errorText(errorOfRun(run))])].join('\n');
}

/** With what keeps it, when it does not go on. */
export function stateText({ state, waitsFor }: Run): string {
  return waitsFor === '' ? state : `${state}, waits ${waitsFor}`;
}

/** One line, as the answer of a watched run. */
export function runEndText(run: Run): string {
  const head = `${run.kind} ${run.state}${took(run)}: run ${run.runId}`;
  const outcome = parseObject(run.outcomeJson);
  const done = run.kind === 'prune' ? prunedText(outcome) : [];
  if (run.error !== null) return [head, ...done, errorText(errorOfRun(run)), ...leftText(run)].join('\n');
  return [head, ...done, ...restoredText(outcome), ...careText(outcome)].join('\n');
}

/** What a run that did not end well left of the system. */
function leftText({ kind, state }: Run): readonly string[] {
  if (kind !== 'restore' && kind !== 'rollback') return [];
  if (state === 'failed' || state === 'cancelled')
    return ['the system is whole, and as it was before this run'];
  return state === 'refused' ? ['nothing was touched'] : [];
}

/** A journal entry as one line; undefined for what a person need not see. */
export function eventText(event: RunEvent): string | undefined {
  const detail = parseObject(event.detailJson);
  switch (event.kind) {
    case 'step-scheduled':
      return detail['attempt'] === 1 ? undefined : `  ${event.step}: attempt ${String(detail['attempt'])}`;
    case 'step-completed':
      return `  ${event.step}: done`;
    case 'step-failed':
      return `  ${event.step}: failed, ${messageOf(detail['error'])}`;
    case 'undo-started':
      return `  taking back what was done: ${messageOf(detail['error'])}`;
    case 'cancel-requested':
      return `  cancel requested by ${String(detail['principal'])}`;
    default:
      return undefined;
  }
}

export function eventData(event: RunEvent): Record<string, unknown> {
  const { detailJson, ...rest } = event;
  return { event: { ...rest, detail: parseObject(detailJson) } };
}

export function parseObject(text: string): Record<string, unknown> {
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function took({ openedAt, finishedAt }: Run): string {
  return finishedAt === '' ? '' : ` in ${durationText(Date.parse(finishedAt) - Date.parse(openedAt))}`;
}

function spanText(from: string, to: string): string {
  return from === '' || to === '' ? '' : durationText(Date.parse(to) - Date.parse(from));
}

function messageOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return `${String(code)}: ${String(message)}`;
}
