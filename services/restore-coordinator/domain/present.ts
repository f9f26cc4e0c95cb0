import type { ErrorRecord, Problem } from '#libs/kernel/errors.ts';
import type { Saga, SagaStep } from '#libs/saga/define.ts';
import { undoName } from '#libs/saga/define.ts';
import { outcomesOf, type RunState, type StepState } from '#libs/saga/fold.ts';
import type { Hold } from '#libs/saga/kept-backups.ts';
import type { JournalEntry } from '#libs/saga/journal.ts';
import { componentsIn } from '#libs/contracts/manifest.ts';
import type { DeclaredSpec, Progress, StoredManifest } from '../ports.ts';
import { coverageOf } from './coverage.ts';

/** How runs, backups and declarations look on the wire (protos: holdfast.coordinator.v1). Pure. */
export function presentRun(state: RunState, saga: Saga | undefined, waitsFor = '') {
  const { header } = state;
  return {
    runId: header.runId,
    deployment: header.deployment,
    kind: header.kind,
    state: state.status,
    principal: header.principal,
    openedAt: header.openedAt,
    finishedAt: state.finishedAt ?? '',
    steps: (saga?.steps ?? []).flatMap((step) => [
      presentStep(step, step.name, state),
      ...presentUndo(step, state),
    ]),
    error: state.error === undefined ? null : presentError(state.error),
    outcomeJson: JSON.stringify(outcomeOf(state)),
    waitsFor,
  };
}

/** Steps of runs that look after the store: together they are what it did. */
const CARE_STEPS: Readonly<Record<string, readonly string[]>> = {
  replicate: ['replicate'],
  scrub: ['scrub', 'heal'],
};

function outcomeOf(state: RunState): unknown {
  const commit = state.steps['commit'];
  if (commit?.state === 'completed') return commit.outcome;
  const { kind, parameters } = state.header;
  // What it forgot counts, however the cleaning ended.
  if (kind === 'prune') return outcomesOf(state);
  const cared = (CARE_STEPS[kind] ?? []).flatMap((name) => {
    const step = state.steps[name];
    return step?.state === 'completed' ? [step.outcome as object] : [];
  });
  if (cared.length > 0) return Object.assign({}, ...cared);
  // What a trial found is kept with the backup it speaks of.
  return kind === 'drill' || kind === 'verify'
    ? { backupId: (parameters as { backupId: string }).backupId }
    : {};
}

function presentUndo(step: SagaStep, state: RunState) {
  return state.steps[undoName(step.name)] === undefined
    ? []
    : [presentStep(step, undoName(step.name), state)];
}

function presentStep(step: SagaStep, name: string, state: RunState) {
  const current = state.steps[name];
  const work = name === step.name ? step.work : step.undo!.work;
  return {
    name,
    service: 'service' in work ? work.service : 'restore-coordinator',
    state: current?.state ?? 'waiting',
    attempt: current?.attempt ?? 0,
    startedAt: current?.startedAt ?? '',
    finishedAt: endOf(current),
  };
}

function endOf(step: StepState | undefined): string {
  return step === undefined || step.state === 'running' ? '' : step.endedAt;
}

export function presentError(error: ErrorRecord) {
  return {
    code: error.code,
    message: error.message,
    remedy: error.remedy,
    detailsJson: JSON.stringify(error.details),
    problems: error.problems,
  };
}

export function presentEvent(entry: JournalEntry | Progress) {
  if ('n' in entry) {
    const { kind, ...fields } = entry.event;
    return {
      sequence: entry.n + 1,
      at: entry.at,
      kind,
      step: 'step' in entry.event ? entry.event.step : '',
      detailJson: JSON.stringify(fields),
    };
  }
  const { step, at, activity, bytes, bytesTotal, rows } = entry;
  return {
    sequence: 0,
    at,
    kind: 'progress',
    step,
    detailJson: JSON.stringify({ activity, bytes, bytesTotal, rows }),
  };
}

export function presentBackup({ manifest }: StoredManifest, hold?: Hold) {
  const { backupId, deployment, mark, committedAt, completeness } = manifest;
  return {
    backupId,
    deployment,
    mark,
    committedAt,
    completeness,
    components: componentsIn(manifest),
    manifestJson: JSON.stringify(manifest),
    coverage: coverageOf(manifest),
    heldBecause: hold?.reason ?? '',
  };
}

export function presentDeclared({ spec, version, yaml }: DeclaredSpec, warnings: readonly Problem[] = []) {
  return { deployment: spec.deployment, specVersion: version, specYaml: yaml, warnings };
}
