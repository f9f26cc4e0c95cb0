import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { childPids } from '#deploy/local/process-identity.ts';
import type { PostgresServer } from '#deploy/local/postgres-server.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { measured, type Measured } from '../repository/measured.ts';

/** `cpuMs` is the client's: of the program and what it waited for. */
export interface Spent extends Measured {
  /** Of the server's processes meanwhile. */
  readonly serverCpuMs: number;
}

/** A server, and measurements of programs that work on it. */
export interface Place {
  /** With the server's own clients. */
  readonly bin: string;
  url(database: string): string;
  /** What was written before is on the disk when it begins; nothing is dropped from any cache. */
  measure(command: readonly string[], environment?: Record<string, string>): Promise<Spent>;
}

/** The kernel counts in hundredths of a second. */
const TICK_MS = 10;

export function placeOf(server: PostgresServer, folder: string): Place {
  const url = (database: string) => socketUrl(server, database);
  return {
    bin: server.bin,
    url,
    async measure(command, environment = {}) {
      await settle(url('postgres'));
      const before = await serverCpuMs(server.pid);
      const spent = await measured(command, { folder, environment });
      return { ...spent, serverCpuMs: (await serverCpuMs(server.pid)) - before };
    },
  };
}

/** Through the socket, for every contender; in a form that URL parsers of all of them take. */
function socketUrl({ socketFolder, port, user }: PostgresServer, database: string): string {
  return `postgresql:///${database}?host=${encodeURIComponent(socketFolder)}&port=${port}&user=${user}`;
}

async function settle(url: string): Promise<void> {
  {
    await using server = await connectDatabase(new Secret(url));
    await server.run('CHECKPOINT');
  }
  await execa('sync');
}

/** Of all it has now, and of those that ended. */
async function serverCpuMs(postmaster: number): Promise<number> {
  const own = (await ticksOf(postmaster)).reduce((sum, ticks) => sum + ticks, 0);
  const children = await Promise.all((await childPids(postmaster)).map(ticksOf));
  return TICK_MS * children.reduce((sum, [user = 0, system = 0]) => sum + user + system, own);
}

/** proc(5): user, system, and both of the children that ended; nothing for a process that is gone. */
async function ticksOf(pid: number): Promise<readonly number[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
}
