import { HoldfastError } from '#libs/kernel/errors.ts';
import { RUN_PATTERN } from '#libs/kernel/ids.ts';
import type { Chain } from '#libs/saga/chain.ts';
import { fold, isFinished, type RunState } from '#libs/saga/fold.ts';
import { runJournal, type JournalEntry, type JournalEvent } from '#libs/saga/journal.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Watchers look again at least this often: an entry may be another coordinator's. */
export const WATCH_POLL_MS = 500;

/** Runs as the store tells of them, whoever drives them. Throws RUN_NOT_FOUND. */
export async function readRun(store: ObjectStore, runId: string): Promise<RunState> {
  const journal = journalOf(store, runId);
  await journal.refresh();
  return requireState(journal, runId);
}

/** Entries after a sequence as they come, and undefined at each pause between; ends with the run. */
export async function* followRun(options: {
  store: ObjectStore;
  runId: string;
  afterSequence: number;
  signal: AbortSignal;
  pause: () => Promise<void>;
}): AsyncIterable<JournalEntry | undefined> {
  const { store, runId, signal, pause } = options;
  const journal = journalOf(store, runId);
  let seen = options.afterSequence;
  for (;;) {
    const entries = await journal.refresh({ signal });
    const state = requireState(journal, runId);
    yield* entries.slice(seen);
    seen = Math.max(seen, entries.length);
    yield undefined;
    if (isFinished(state)) return;
    await pause();
  }
}

export function requireState(journal: Chain<JournalEvent>, runId: string): RunState {
  const state = fold(journal.entries);
  if (state === undefined) throw new HoldfastError('RUN_NOT_FOUND', { run: runId });
  return state;
}

/** Throws REQUEST_ID_TAKEN: the same key asked for another kind of run before, and its answer would be no answer. */
export function requireKind(state: RunState, wanted: string): RunState {
  const { deployment, runId, kind } = state.header;
  if (kind !== wanted) throw new HoldfastError('REQUEST_ID_TAKEN', { deployment, run: runId, kind, wanted });
  return state;
}

function journalOf(store: ObjectStore, runId: string): Chain<JournalEvent> {
  if (!RUN_PATTERN.test(runId)) throw new HoldfastError('RUN_NOT_FOUND', { run: runId });
  return runJournal(store, runId);
}
