import type { ErrorRecord } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { LOCAL, partsOf, type Sites } from '#libs/contracts/sites.ts';
import type { Phase } from '#libs/contracts/step.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { CancelChoice } from './cancel.ts';
import { Chain, type ChainEntry } from './chain.ts';

/** What a run was asked to do; the first entry of its journal. */
export interface RunHeader {
  readonly runId: string;
  readonly kind: string;
  readonly deployment: string;
  readonly specVersion: number;
  readonly principal: string;
  readonly openedAt: string;
  readonly parameters: Json;
  /** JSON of a Relocation: where the run works instead of where the spec says; absent or empty for there. */
  readonly relocationJson?: string;
  /** Where the spec says that the deployment's parts are; absent when all is at `local`. */
  readonly sites?: Sites;
}

const ALL_LOCAL: Sites = { database: LOCAL, files: [LOCAL], config: [LOCAL], hooks: [LOCAL] };

/** As a header holds them. */
export function sitesField(sites: Sites): Pick<RunHeader, 'sites'> {
  const all = [...sites.hooks, ...partsOf(sites).map(({ site }) => site)];
  const isLocal = all.every((site) => site === LOCAL);
  return isLocal ? {} : { sites };
}

export function sitesOfRun({ sites = ALL_LOCAL }: Pick<RunHeader, 'sites'>): Sites {
  return sites;
}

export type RunOutcome = 'completed' | 'partial' | 'refused' | 'failed' | 'cancelled' | 'stuck';

export type JournalEvent =
  | { readonly kind: 'started'; readonly header: RunHeader }
  /** From here on the run belongs to the coordinator that wrote log entry `epoch`: opened it, or took it over. Absent `by`: of the time before coordinators had names. */
  | { readonly kind: 'owned'; readonly epoch: number; readonly by?: string }
  | { readonly kind: 'step-scheduled'; readonly step: string; readonly attempt: number }
  | {
      readonly kind: 'step-completed';
      readonly step: string;
      readonly attempt: number;
      readonly outcome: Json;
      readonly phases: readonly Phase[];
    }
  | {
      readonly kind: 'step-failed';
      readonly step: string;
      readonly attempt: number;
      readonly error: ErrorRecord;
    }
  /** Absent choice: `back`. */
  | { readonly kind: 'cancel-requested'; readonly principal: string; readonly choice?: CancelChoice }
  | { readonly kind: 'undo-started'; readonly error: ErrorRecord }
  | { readonly kind: 'finished'; readonly outcome: RunOutcome; readonly error: ErrorRecord | null };

export type JournalEntry = ChainEntry<JournalEvent>;

/** `runs/<run>/<n>.json`: ordered, append-only; what is not in it did not happen. */
export function runJournal(store: ObjectStore, runId: string): Chain<JournalEvent> {
  return new Chain<JournalEvent>(store, journalPrefix(runId));
}

export function journalPrefix(runId: string): string {
  return `runs/${runId}/`;
}
