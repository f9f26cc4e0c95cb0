import { spanIdOf } from '#libs/kernel/ids.ts';
import { fold, type RunState } from '#libs/saga/fold.ts';
import type { JournalEntry } from '#libs/saga/journal.ts';
import { SPANS } from '#libs/telemetry/names.ts';
import type { PlainSpan } from '#libs/telemetry/tracing.ts';

/**
 * The run's spans, projected from its journal with ids that follow from run, step and attempt: one connected trace,
 * whichever processes died on the way. Workers hang theirs below the step's.
 */
export function traceOf(entries: readonly JournalEntry[]): readonly PlainSpan[] {
  const state = fold(entries);
  if (state === undefined) return [];
  return [rootSpan(state, entries), ...entries.flatMap((entry) => stepSpans(state, entry, entries))];
}

function rootSpan(state: RunState, entries: readonly JournalEntry[]): PlainSpan {
  const { runId, kind, deployment, principal } = state.header;
  return {
    traceId: runId,
    spanId: spanIdOf(runId),
    name: `${SPANS.run} ${kind}`,
    startMs: Date.parse(entries[0]!.at),
    endMs: Date.parse(entries.at(-1)!.at),
    ok: state.status === 'completed',
    attributes: {
      'holdfast.run_id': runId,
      'holdfast.deployment_id': deployment,
      'holdfast.principal': principal,
      'holdfast.outcome': state.status,
    },
  };
}

function stepSpans(
  state: RunState,
  entry: JournalEntry,
  entries: readonly JournalEntry[],
): readonly PlainSpan[] {
  const { event } = entry;
  if (event.kind !== 'step-completed' && event.kind !== 'step-failed') return [];
  const { runId } = state.header;
  const scheduled = entries.find(
    ({ event: other }) =>
      other.kind === 'step-scheduled' && other.step === event.step && other.attempt === event.attempt,
  );
  const spanId = spanIdOf(runId, event.step, event.attempt);
  const common = {
    traceId: runId,
    attributes: { 'holdfast.step': event.step, 'holdfast.attempt': event.attempt },
  };
  const ok = event.kind === 'step-completed';
  const step = {
    ...common,
    spanId,
    parentSpanId: spanIdOf(runId),
    name: `${SPANS.step} ${event.step}`,
    startMs: Date.parse((scheduled ?? entry).at),
    endMs: Date.parse(entry.at),
    ok,
  };
  const phases = ok ? event.phases : [];
  return [
    step,
    ...phases.map((phase, index) => ({
      ...common,
      spanId: spanIdOf(runId, event.step, event.attempt, index),
      parentSpanId: spanId,
      name: `${SPANS.phase} ${phase.name}`,
      startMs: Date.parse(phase.startedAt),
      endMs: Date.parse(phase.endedAt),
      ok: true,
    })),
  ];
}
