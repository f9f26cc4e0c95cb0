import { HoldfastError } from '#libs/kernel/errors.ts';
import { parseToc, type TocEntry } from '#libs/postgres/toc.ts';
import { askTool, findClients } from '#libs/postgres/tools.ts';

/** By the newest client there is: it reads the archives of all before it. No server is asked. */
export async function listStructure(
  archive: AsyncIterable<Buffer>,
  pgBin: string | undefined,
  signal: AbortSignal,
): Promise<readonly TocEntry[]> {
  const [tools] = (await findClients(pgBin)).toSorted((a, b) => b.major - a.major);
  if (tools === undefined)
    throw new HoldfastError('DATABASE_CLIENT_TOO_OLD', {
      found: 'none',
      remedy: 'install the client programs of PostgreSQL, for example: apt-get install postgresql-client',
    });
  return parseToc(
    await askTool('pg_restore', { tools, signal, arguments: ['--list', '--verbose'] }, archive),
  );
}
