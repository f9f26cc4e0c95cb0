import type { Spec } from '#libs/contracts/spec.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import type { Examination, Target } from '../ports.ts';
import { clientProblems } from './examine-source.ts';
import { administratorOf, connectMaintenance, pairNow, type TargetHost } from './maintenance.ts';
import { poolProblems } from './pool-between.ts';
import { missingRoles } from './create-options.ts';
import { ownerWarnings, passwordWarnings } from './restored-roles.ts';
import { spareProblems } from './spare-database.ts';

interface Question {
  readonly spec: Spec;
  readonly needs: Parameters<Target['examine']>[1];
  readonly host: TargetHost;
  readonly live: string;
}

/** Everything that would stop a restore, before anything is touched. */
export async function examineTarget(question: Question, signal: AbortSignal): Promise<Examination> {
  const { spec, needs, host, live } = question;
  await using server = await connectMaintenance(administratorOf(spec, host), { signal });
  const rights = await readRights(server);
  const facts = await readLive(server, live);
  const name = pairNow(spec)?.spare;
  const spare =
    name === undefined
      ? undefined
      : {
          server,
          name,
          enter: () => connectDatabase(withDatabase(administratorOf(spec, host), name), { signal }),
        };
  const here = withDatabase(administratorOf(spec, host), server.address.database);
  const problems = [
    ...(await poolProblems(server, here, signal)),
    ...(await clientProblems(server.serverMajor, host.pgBin)),
    ...(spare === undefined ? rightProblems(rights, server) : await spareProblems(spare, needs?.globals)),
    ...(await ownerProblems(server, live)),
    ...(spare === undefined ? [] : await ownerProblems(server, spare.name)),
    ...sessionProblems(spec, live, facts.sessions),
    ...(needs === undefined ? [] : await needProblems(needs, rights, server)),
  ];
  const warnings =
    needs === undefined
      ? []
      : [...(await ownerWarnings(needs.globals, server)), ...(await passwordWarnings(needs.globals, server))];
  return { problems, warnings, facts: { ...facts, serverVersion: server.serverVersion } as unknown as Json };
}

interface Rights {
  readonly superuser: boolean;
  readonly createDb: boolean;
  readonly createRole: boolean;
}

async function readRights(server: Database): Promise<Rights> {
  const [row] = await server.query<Rights>(
    `SELECT rolsuper AS superuser, rolcreatedb OR rolsuper AS "createDb", rolcreaterole OR rolsuper AS "createRole"
       FROM pg_roles WHERE rolname = current_user`,
  );
  return row!;
}

/** Of other roles' sessions a plain role sees only that they are there. */
async function readLive(server: Database, live: string) {
  const [row] = await server.query<{ bytes: string; sessions: number }>(
    `SELECT pg_database_size(oid)::text AS bytes,
            (SELECT count(*)::int FROM pg_stat_activity a
              WHERE a.datname = d.datname AND coalesce(backend_type, 'client backend') = 'client backend'
                AND NOT starts_with(coalesce(application_name, ''), 'holdfast')) AS sessions
       FROM pg_database d WHERE datname = $1`,
    [live],
  );
  return {
    database: live,
    liveDatabase: row !== undefined,
    liveBytes: Number(row?.bytes ?? 0),
    sessions: row?.sessions ?? 0,
  };
}

function rightProblems({ createDb }: Rights, server: Database): readonly Problem[] {
  if (createDb) return [];
  return [
    problem(
      'DATABASE_PRIVILEGE_MISSING',
      `role ${server.address.user}`,
      'may not create the database that a restore is staged in',
      `ALTER ROLE ${quoteName(server.address.user)} CREATEDB; or declare database.restoreUrl, or database.spare`,
    ),
  ];
}

/** Closing and renaming are the owner's: PostgreSQL manual, ALTER DATABASE. */
async function ownerProblems(server: Database, live: string): Promise<readonly Problem[]> {
  const [row] = await server.query<{ owner: string; superuser: boolean; may: boolean }>(
    `SELECT o.rolname AS owner, o.rolsuper AS superuser, pg_has_role(current_user, datdba, 'USAGE') AS may
       FROM pg_database JOIN pg_roles o ON o.oid = datdba WHERE datname = $1`,
    [live],
  );
  if (row === undefined || row.may) return [];
  const role = quoteName(server.address.user);
  return [
    problem(
      'DATABASE_PRIVILEGE_MISSING',
      `database ${live}`,
      `role ${server.address.user} may not close and rename it: it belongs to ${row.owner}`,
      row.superuser
        ? `ALTER DATABASE ${quoteName(live)} OWNER TO ${role};`
        : `GRANT ${quoteName(row.owner)} TO ${role};`,
    ),
  ];
}

function sessionProblems(spec: Spec, live: string, sessions: number): readonly Problem[] {
  if (sessions === 0 || spec.hooks.stop.length > 0) return [];
  return [
    problem('DATABASE_SESSIONS_OPEN', live, `${sessions} sessions are open and no stop hook is declared`),
  ];
}

async function needProblems(
  { facts, globals }: NonNullable<Question['needs']>,
  rights: Rights,
  server: Database,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  if (facts.serverMajor > server.serverMajor)
    problems.push(
      problem(
        'DATABASE_UNSUPPORTED',
        `PostgreSQL ${server.serverVersion}`,
        `the backup is of PostgreSQL ${facts.serverVersion}`,
        `restore into a server of major ${facts.serverMajor} or newer`,
      ),
    );
  problems.push(...(await extensionProblems(facts.extensions, rights, server)));
  problems.push(...(await localeProblems(globals, server)));
  const missing = (await missingRoles(server, globals.roles)).map(({ name }) => name);
  if (missing.length > 0 && !rights.createRole)
    problems.push(
      problem(
        'DATABASE_PRIVILEGE_MISSING',
        `role ${server.address.user}`,
        `may not create the missing roles ${missing.join(', ')}`,
        `ALTER ROLE ${quoteName(server.address.user)} CREATEROLE; or create them`,
      ),
    );
  return problems;
}

async function extensionProblems(
  wanted: readonly string[],
  { superuser }: Rights,
  server: Database,
): Promise<readonly Problem[]> {
  const rows = await server.query<{ name: string; trusted: boolean }>(
    `SELECT a.name, coalesce(bool_or(v.trusted), false) AS trusted
       FROM pg_available_extensions a LEFT JOIN pg_available_extension_versions v USING (name) GROUP BY 1`,
  );
  const available = new Map(rows.map(({ name, trusted }) => [name, trusted]));
  return wanted.flatMap((name) => {
    const trusted = available.get(name);
    if (trusted === undefined)
      return [
        problem(
          'DATABASE_UNSUPPORTED',
          `extension ${name}`,
          'the server does not have it',
          `install the package that brings extension ${name} on the database server`,
        ),
      ];
    if (trusted || superuser || name === 'plpgsql') return [];
    return [
      problem(
        'DATABASE_PRIVILEGE_MISSING',
        `extension ${name}`,
        'only a superuser may create it',
        'declare database.restoreUrl of a superuser',
      ),
    ];
  });
}

/** Locale names of libc belong to the machine; en_US.utf8 and en_US.UTF-8 are the same to it. */
async function localeProblems(
  { collate, ctype, encoding, provider }: NonNullable<Question['needs']>['globals'],
  server: Database,
): Promise<readonly Problem[]> {
  if (provider === 'builtin') return [];
  const rows = await server.query<{ name: string }>(
    'SELECT DISTINCT lower(collcollate) AS name FROM pg_collation WHERE collcollate IS NOT NULL',
  );
  const plain = (name: string) => name.toLowerCase().replaceAll('-', '');
  const known = new Set(['c', 'posix', ...rows.map(({ name }) => plain(name))]);
  const [own] = await server.query<{ names: readonly string[] }>(
    'SELECT array_agg(DISTINCT x) AS names FROM pg_database, unnest(ARRAY[datcollate, datctype]) x',
  );
  for (const name of own!.names) known.add(plain(name));
  return [...new Set([collate, ctype])]
    .filter((name) => !known.has(plain(name)))
    .map((name) =>
      problem(
        'DATABASE_UNSUPPORTED',
        `locale ${name}`,
        `the server does not know it (encoding ${encoding})`,
        `generate it on the database server: localedef, or locale-gen ${name}; then restart PostgreSQL`,
      ),
    );
}
