import { tablesText, type ToldTables } from './tables-text.ts';

/** Lines about what a finished restore means, from the run's outcome. Pure. */
export function restoredText(outcome: Readonly<Record<string, unknown>>): readonly string[] {
  const { reconciliation, keptStates, adapted, places } = outcome as Outcome;
  return [
    ...databaseLines(outcome as Outcome),
    ...(reconciliation === undefined ? [] : reconciliationLines(reconciliation)),
    ...(adapted === undefined || adapted.sessionsDropped === 0
      ? []
      : [`${adapted.sessionsDropped} sessions of the other place were dropped`]),
    ...(adapted === undefined || adapted.held.length === 0
      ? []
      : [`held until holdfast schedules release: ${adapted.held.join(', ')}`]),
    ...(adapted === undefined || adapted.incomplete.length === 0
      ? []
      : [
          'not as in the source, for the backup’s own content or this server forbids it:',
          ...adapted.incomplete.map((text) => `  ${text}`),
        ]),
    ...(places === undefined ? [] : ['beside the living system:', ...places.map((place) => `  ${place}`)]),
    ...(keptStates === undefined || places !== undefined
      ? []
      : [`${keptStates} kept states wait for holdfast release`]),
  ];
}

/** Of some tables that were taken out. */
function databaseLines({
  database,
  restored = [],
  leftOut = [],
  referenced = [],
}: Outcome): readonly string[] {
  if (database === undefined) return [];
  return [
    `database ${database} is yours from now on; to drop it: DROP DATABASE "${database.replaceAll('"', '""')}"`,
    ...tablesText({ restored, leftOut, referenced }),
  ];
}

interface Outcome extends Partial<ToldTables> {
  /** The database that some tables were restored into. */
  readonly database?: string;
  readonly reconciliation?: Reconciliation;
  readonly keptStates?: number;
  readonly places?: readonly string[];
  readonly adapted?: {
    readonly sessionsDropped: number;
    readonly held: readonly string[];
    readonly incomplete: readonly string[];
  };
}

interface FileList {
  readonly count: number;
  readonly examples: readonly string[];
}

interface Reconciliation {
  readonly rows: number;
  readonly matched: number;
  readonly missing: number;
  readonly different: number;
  readonly examples: readonly string[];
  readonly newer: FileList;
  readonly unnamed: FileList;
  readonly window: { readonly from: string; readonly to: string };
}

function reconciliationLines(fit: Reconciliation): readonly string[] {
  const { window, rows, matched, missing, different, examples, newer, unnamed } = fit;
  return [
    `the database is of ${window.from}; what was done in it until ${window.to} is lost`,
    `${rows} rows name files: ${matched} fit, ${missing} have none, ${different} have another one`,
    ...examples.map((example) => `  ${example}`),
    ...listLines('files are newer than the backup and no row names them', newer),
    ...listLines('older files that no row names', unnamed),
  ];
}

function listLines(what: string, { count, examples }: FileList): readonly string[] {
  if (count === 0) return [];
  const more = count - examples.length;
  return [
    `${count} ${what}`,
    ...examples.map((path) => `  ${path}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
