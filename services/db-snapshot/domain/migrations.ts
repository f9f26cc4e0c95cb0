import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';

/** Names of migrations by app, as the target's code has them. */
export type CodeMigrations = ReadonlyMap<string, readonly string[]>;

/** The code against the backup. `unknown`: no app of the backup was found in it. */
export type MigrationVerdict = 'equal' | 'ahead' | 'behind' | 'diverged' | 'unknown';

export interface MigrationsCompared {
  readonly verdict: MigrationVerdict;
  /** Apps that are not equal. */
  readonly apps: readonly {
    readonly app: string;
    readonly verdict: MigrationVerdict;
    readonly backup: string;
    readonly code: string;
  }[];
}

/** What the newest migration of each app in the backup is to the code that will run on it. Pure. */
export function compareMigrations(
  { migrations }: Pick<DatabaseFacts, 'migrations'>,
  code: CodeMigrations,
): MigrationsCompared {
  const compared = Object.entries(migrations).flatMap(([app, backup]) => {
    const names = (code.get(app) ?? []).toSorted((a, b) => (a < b ? -1 : 1));
    const newest = names.at(-1);
    if (newest === undefined) return [];
    return [{ app, backup, code: newest, verdict: verdictOf(backup, newest, names) }];
  });
  const apps = compared.filter(({ verdict }) => verdict !== 'equal');
  const [first, ...more] = new Set(apps.map(({ verdict }) => verdict));
  if (first !== undefined) return { verdict: more.length === 0 ? first : 'diverged', apps };
  return { verdict: compared.length === 0 ? 'unknown' : 'equal', apps };
}

function verdictOf(backup: string, newest: string, names: readonly string[]): MigrationVerdict {
  if (backup === newest) return 'equal';
  if (names.includes(backup)) return 'ahead';
  return newest < backup ? 'behind' : 'diverged';
}

const MEANS = {
  ahead: 'the code has migrations that the backup has not: after the restore it wants to migrate',
  behind: 'the backup is of a later release than the code: it will not fit',
  diverged: 'backup and code are of different histories: it will not fit',
};

/** Pure. */
export function migrationWarnings({ apps }: MigrationsCompared): readonly Problem[] {
  return apps.flatMap(({ app, verdict, backup, code }) => {
    if (verdict === 'equal' || verdict === 'unknown') return [];
    const seen = `${MEANS[verdict]} (backup ${backup}, code ${code})`;
    return [problem('MIGRATIONS_DIFFER', `migrations of ${app}: ${verdict}`, seen)];
  });
}
