import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '#deploy/local/postgres-server.ts';
import { findTool } from '#deploy/local/tools.ts';
import { HoldfastError, problem, refuseAll } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import type { SandboxWish } from '../ports.ts';

/** A copy that is thrown away needs no durability. */
const SCRATCH = { listen_addresses: '', fsync: 'off', full_page_writes: 'off', max_connections: '50' };

/** A server of its own in the folder, of programs that the spec names or that are found. Throws TOOL_MISSING. */
export async function startScratch(
  { spec, needs }: SandboxWish,
  folder: string,
  pgBin: string | undefined,
  signal: AbortSignal,
): Promise<PostgresServer> {
  const { postgres } = spec.verify;
  const named =
    postgres !== undefined && 'bin' in postgres ? await requireServer(postgres.bin) : await withServer(pgBin);
  const bin = named ?? (await findTool('postgres', { majorMin: needs.serverMajor, signal })).folder;
  return await startPostgres({ dataFolder: join(folder, 'pg'), bin, settings: SCRATCH, signal });
}

async function requireServer(bin: string): Promise<string> {
  if ((await withServer(bin)) !== undefined) return bin;
  throw new HoldfastError('TOOL_MISSING', {
    tool: 'initdb',
    folder: bin,
    remedy: 'name the folder of initdb and postgres in verify.postgres.bin of the spec',
  });
}

/** A folder of clients need not have the server. */
async function withServer(bin: string | undefined): Promise<string | undefined> {
  if (bin === undefined) return undefined;
  return await access(join(bin, 'initdb')).then(
    () => bin,
    () => undefined,
  );
}

/** Throws DATABASE_UNSUPPORTED with each extension that it lacks. */
export async function examine(url: Secret, needs: SandboxWish['needs'], signal: AbortSignal) {
  await using server = await connectDatabase(withDatabase(url, 'postgres'), { signal });
  if (server.serverMajor < needs.serverMajor)
    throw new HoldfastError('DATABASE_UNSUPPORTED', {
      server: server.serverVersion,
      wanted: `${needs.serverMajor} or newer`,
      remedy: 'name newer programs or another server in verify.postgres of the spec',
    });
  const available = await server.query<{ name: string }>('SELECT name FROM pg_available_extensions');
  const names = new Set(available.map(({ name }) => name));
  const missing = needs.extensions
    .filter((name) => !names.has(name))
    .map((name) =>
      problem(
        'DATABASE_UNSUPPORTED',
        `extension ${name}`,
        'the scratch server does not have it',
        'name programs or a server that have it in verify.postgres of the spec',
      ),
    );
  refuseAll('DATABASE_UNSUPPORTED', missing);
  const [started] = await server.query<{ at: string }>(
    'SELECT extract(epoch FROM pg_postmaster_start_time())::text AS at',
  );
  return { serverVersion: server.serverVersion, serverIdentity: started!.at };
}
