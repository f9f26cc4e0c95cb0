import { HoldfastError, type Problem } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { Database } from '#libs/postgres/connect.ts';
import type { RelationFact } from '#libs/postgres/tables.ts';
import { lockProblems } from './lock-need.ts';
import { poolProblems } from './pool-between.ts';
import { examineRights, type ReadingRights } from './reading-rights.ts';
import type { ReadBy } from './unreadable.ts';

export interface ReadFrom extends ReadBy {
  readonly url: Secret;
  readonly signal: AbortSignal;
}

/** One error shows no more of them; `problems` has them all. */
const SHOWN_MAX = 20;

/** What would make this role's reading fail half-way or give less than all. Nothing is locked or read for it. */
export async function findHindrances(
  database: Database,
  from: ReadFrom,
  relations: readonly RelationFact[],
): Promise<ReadingRights> {
  const rights = await examineRights(database, from, relations);
  const problems = [
    ...(await poolProblems(database, from.url, from.signal)),
    ...rights.problems,
    ...(await lockProblems(database)),
  ];
  return { ...rights, problems };
}

/** Before anything is locked. Throws the first problem's code with all of them; returns the tables that are left out. */
export async function requireNoHindrance(
  database: Database,
  from: ReadFrom,
  relations: readonly RelationFact[],
): Promise<ReadonlySet<string>> {
  const { problems, unreadable } = await findHindrances(database, from, relations);
  if (problems[0] === undefined) return unreadable;
  throw new HoldfastError(problems[0].code, detailsOf(database, problems), { problems });
}

function detailsOf({ address: { host, port, user, database } }: Database, problems: readonly Problem[]) {
  const subjects = problems.map(({ subject }) => subject);
  const remedies = new Set(problems.map(({ remedy }) => remedy));
  return {
    host,
    port,
    user,
    database,
    found: problems.length,
    subjects: subjects.slice(0, SHOWN_MAX),
    remedy: [...remedies].slice(0, SHOWN_MAX).join(' '),
  };
}
