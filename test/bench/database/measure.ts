import { execa } from 'execa';
import type { PostgresServer } from '#deploy/local/postgres-server.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { measured, type Measured } from '../repository/measured.ts';
import { serverCpuMs } from './server-cpu.ts';

/** `cpuMs` is the client's: of the program and what it waited for. */
export interface Spent extends Measured {
  /** Of the server's processes meanwhile. */
  readonly serverCpuMs: number;
}

/** A server, and measurements of programs that work on it. */
export interface Place {
  /** With the server's own clients. */
  readonly bin: string;
  /** Of the server. */
  readonly pid: number;
  url(database: string): string;
  /** What was written before is on the disk when it begins; nothing is dropped from any cache. */
  measure(command: readonly string[], environment?: Record<string, string>): Promise<Spent>;
}

export function placeOf(server: PostgresServer, folder: string): Place {
  const url = (database: string) => socketUrl(server, database);
  return {
    bin: server.bin,
    pid: server.pid,
    url,
    async measure(command, environment = {}) {
      await settle(url('postgres'));
      const before = serverCpuMs(server.pid);
      const spent = await measured(command, { folder, environment });
      return { ...spent, serverCpuMs: serverCpuMs(server.pid) - before };
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
