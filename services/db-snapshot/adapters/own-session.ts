import { compareTokens, type Token } from '#libs/contracts/stage.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import type { Acting } from '../ports.ts';
import { connectMaintenance, endAll } from './maintenance.ts';

/**
 * A session in which a step acts. It bears the step's token, and only once it is there it is asked whether the step is
 * still its worker's: whoever takes over claims first and ends the earlier sessions then, so it finds this one or is
 * found by it. There is no second session for one that was ended.
 */
export async function enter(url: Secret, acting: Acting): Promise<Database> {
  const { token, signal } = acting;
  return await owned(await connectDatabase(url, { signal, applicationName: sessionName(token) }), acting);
}

/** The same beside the databases that are made, dropped and renamed. */
export async function enterMaintenance(url: Secret, acting: Acting): Promise<Database> {
  const { token, signal } = acting;
  return await owned(await connectMaintenance(url, { signal, applicationName: sessionName(token) }), acting);
}

export function sessionName({ runId, epoch, claim }: Token): string {
  return `${namePrefix(runId)}${epoch}.${claim}`;
}

async function owned(database: Database, acting: Acting): Promise<Database> {
  try {
    await acting.requireLatest();
    await endEarlier(database, acting);
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

/** Sessions of the run that its earlier workers left, wherever on the server they are. */
async function endEarlier(database: Database, { token, signal }: Acting): Promise<void> {
  const prefix = namePrefix(token.runId);
  const list = async () => {
    const sessions = await database.query<{ pid: number; user: string | null; name: string }>(
      'SELECT pid, usename AS user, application_name AS name FROM pg_stat_activity WHERE starts_with(application_name, $1)',
      [prefix],
    );
    return sessions.filter(({ name }) => {
      const [epoch = 0, claim = 0] = name.slice(prefix.length).split('.').map(Number);
      return compareTokens({ epoch, claim }, token) < 0;
    });
  };
  await endAll(database, list, { of: 'an earlier worker of the run', signal });
}

function namePrefix(runId: string): string {
  return `holdfast ${runId.slice(0, 8)} `;
}
