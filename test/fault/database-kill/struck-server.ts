import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres } from '#deploy/local/postgres-server.ts';
import { recordsOn } from './records.ts';

/** SIGKILL of the service; pg_terminate_backend and SIGKILL of a session of ours; SIGKILL of all that is the server. */
export const VICTIMS = ['service', 'session', 'backend', 'server'] as const;
export type Victim = (typeof VICTIMS)[number];

const LEFT_MS = 30_000;
const POLL_MS = 100;
const BACK_MS = 60_000;

/** A server of its own: who kills it, or one of its sessions, harms nobody else. */
export async function openStruckServer(folder: string) {
  // A power cut is not among the faults: what the kernel was given is there afterwards.
  const settings = { fsync: 'off', max_wal_size: '2GB' };
  let server = await startPostgres({ dataFolder: join(folder, 'pg'), settings });
  const records = recordsOn({ pgBin: server.bin, address: (database) => server.url(database) });

  /** True where it is the service that is to die: by name, or because no session is open that could. */
  const strike = async (victim: Victim): Promise<boolean> => {
    const sessions = await records.sessions();
    if (victim === 'server') {
      const { port, dataFolder } = server;
      await server.kill();
      server = await startPostgres({ dataFolder, port, settings });
      return false;
    }
    if (victim === 'service' || sessions.length === 0) return true;
    const pid = sessions[0]!;
    if (victim === 'session') await records.run('postgres', `SELECT pg_terminate_backend(${pid})`);
    else {
      process.kill(pid, 'SIGKILL');
      await isBack();
    }
    return false;
  };

  /** One backend that was killed takes all others with it, and the server begins anew. */
  const isBack = async (): Promise<void> => {
    const deadline = performance.now() + BACK_MS;
    for (;;) {
      const found = await records.sessions().catch(() => undefined);
      if (found?.length === 0) return;
      if (performance.now() > deadline) throw new Error('the server did not come back');
      await pause(POLL_MS);
    }
  };

  /** Beside these databases, once sessions had their time to end. */
  const whatIsLeft = async (before: readonly string[]): Promise<readonly string[]> => {
    const deadline = performance.now() + LEFT_MS;
    let sessions = await records.sessions();
    while (sessions.length > 0 && performance.now() < deadline) {
      await pause(POLL_MS);
      sessions = await records.sessions();
    }
    const databases = (await records.databases()).filter((name) => !before.includes(name));
    return [
      ...(sessions.length === 0 ? [] : [`${sessions.length} sessions are left`]),
      ...databases.map((name) => `database ${name} is left`),
    ];
  };

  return {
    records,
    pgBin: server.bin,
    url: (database: string) => server.url(database),
    strike,
    whatIsLeft,
    discard: () => server.discard(),
  };
}
