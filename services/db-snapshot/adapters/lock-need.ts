import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { ownRelations } from '#libs/postgres/tables.ts';

interface Need {
  readonly need: number;
  readonly used: number;
  readonly perTransaction: number;
  readonly transactions: number;
}

/**
 * One transaction locks every table, and with each that it reads the table's indexes, and every sequence. The server
 * has one table of locks for all (PostgreSQL manual, max_locks_per_transaction): where it is full, this transaction
 * ends in the middle of the backup, or one of the application does.
 */
export async function lockProblems(database: Database): Promise<readonly Problem[]> {
  const [row] = await database.query<Need>(
    `SELECT (SELECT count(*)::int FROM ${ownRelations(['r', 'p', 'i', 'I', 'S'])}) AS need,
            (SELECT count(*)::int FROM pg_locks WHERE NOT fastpath) AS used,
            current_setting('max_locks_per_transaction')::int AS "perTransaction",
            current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int AS transactions`,
  );
  const { need, used, perTransaction, transactions } = row!;
  if (need + used <= perTransaction * transactions) return [];
  const enough = Math.ceil((need + used) / transactions);
  return [
    problem(
      'DATABASE_LOCKS_MISSING',
      'max_locks_per_transaction',
      `${need} relations are to be locked and ${used} locks are in use: the server has ${perTransaction} × ${transactions} locks`,
      `ALTER SYSTEM SET max_locks_per_transaction = ${enough}; then restart PostgreSQL`,
    ),
  ];
}
