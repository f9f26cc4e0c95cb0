import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { declaredOf } from './spiteful.ts';
import { writeJson, type World } from './world.ts';

/** The oracle's record of a system; its shape is in test/oracle/README.md. Only what findings read is spelled out. */
export interface OracleState {
  readonly errors: readonly unknown[];
  readonly database: OracleDatabase;
  readonly trees: Readonly<
    Record<string, { readonly state: string; readonly entries: Readonly<Record<string, OracleEntry>> }>
  >;
  readonly env: Readonly<
    Record<
      string,
      OracleEntry & { readonly state: string; readonly variables: Readonly<Record<string, string>> }
    >
  >;
  readonly documents: Readonly<Record<string, Readonly<Record<string, { readonly verdict: string }>>>>;
  readonly logins: Readonly<Record<string, { readonly ok: boolean }>>;
  readonly commands: Readonly<
    Record<string, { readonly exit: number; readonly json?: unknown; readonly stdout_sha256: string }>
  >;
  readonly http?: OracleHttp;
}

export interface OracleDatabase {
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly digest: string }>>;
  readonly sequences: Readonly<
    Record<string, { readonly next_value: string; readonly is_called: boolean; readonly collides: boolean }>
  >;
  readonly constraints: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly validated: boolean;
        readonly firing: string;
        readonly definition: string;
      }
    >
  >;
  readonly triggers: Readonly<Record<string, { readonly enabled: string; readonly definition: string }>>;
  readonly orphans: Readonly<Record<string, number>>;
  readonly facts: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly schema_text: { readonly sha256: string };
  readonly acls: Readonly<Record<string, readonly string[]>>;
}

export interface OracleEntry {
  readonly type: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtime_ns: string;
  readonly size: number;
  readonly sha256: string;
  readonly target?: string;
  readonly hard_link_of?: string;
  /** Digest of the first bytes, as many as an earlier record had seen of it. */
  readonly prefix?: { readonly size: number; readonly sha256: string };
}

export interface OracleHttp {
  readonly health: { readonly status: number };
  readonly old_session: { readonly status: number; readonly body: unknown };
  readonly login: { readonly status: number };
  readonly whoami: { readonly status: number; readonly body: unknown };
  readonly permissions: { readonly status: number; readonly body: unknown };
  readonly documents: Readonly<Record<string, { readonly status: number; readonly equals_row: boolean }>>;
}

export interface Verdict {
  readonly ok: boolean;
  readonly compared: Readonly<Record<string, number>>;
  readonly differences: readonly {
    readonly area: string;
    readonly key: string;
    readonly field: string;
    readonly what: string;
    readonly after?: unknown;
  }[];
  readonly faults: readonly { readonly area: string; readonly key: string; readonly what: string }[];
}

const TREES = [
  ['certificates', 'certificates'],
  ['settings', 'registrar/settings'],
] as const;

/** Describes a world to the oracle; `overrides` points it at a copy. */
export function describeSystem(
  world: World,
  overrides: { app?: string; database?: string; http?: boolean } = {},
): object {
  const app = overrides.app ?? world.app;
  const manage = (command: string) => ({
    argv: [world.python, join(app, 'manage.py'), ...command.split(' ')],
    cwd: app,
  });
  const document = (table: string) => ({
    table,
    path: 'file_path',
    sha256: 'file_checksum',
    size: 'file_size',
    ...(table === 'documents' ? { http_key: 'uuid' } : {}),
    bases: [
      { prefix: 'storage/documents/', base: app },
      { prefix: 'documents/', base: join(app, 'storage/media') },
    ],
  });
  return {
    name: 'reference EDMS',
    database: world.postgres.url(overrides.database ?? world.database),
    roots: [{ name: 'storage', path: join(app, 'storage') }],
    trees: TREES.map(([name, path]) => ({ name, path: join(app, path) })),
    logs: [{ name: 'logs', path: join(app, 'logs') }],
    env_files: [join(app, '.env')],
    documents: [document('documents'), document('document_versions'), document('document_attachments')],
    logins: [{ name: 'app', env_file: join(app, '.env') }],
    commands: {
      migrate: manage('migrate --check'),
      check: manage('check'),
      audit: manage('verify_audit'),
      beat: manage('beat_check'),
      canary: manage('canary'),
      ...(world.living.length > 0 ? { site: manage('verify_site') } : {}),
    },
    ...(overrides.http === false
      ? {}
      : {
          http: {
            base: world.baseUrl,
            username: world.user.username,
            password: world.user.password,
            jar: world.jar,
          },
        }),
    ...declaredOf(world),
  };
}

interface Declared {
  readonly volatile: { readonly tables?: Readonly<Record<string, string>> };
  readonly may_differ?: readonly object[];
}

/** What a scenario changes on purpose, besides what changes by itself. */
export function declaring(system: object, { volatile, may_differ = [] }: Declared): object {
  const own = system as Declared;
  return {
    ...system,
    volatile: { tables: { ...own.volatile.tables, ...volatile.tables } },
    may_differ: [...(own.may_differ ?? []), ...may_differ],
  };
}

export async function observe(
  world: World,
  options: { name: string; system: object; only?: string; since?: string; noHttp?: boolean },
): Promise<{ state: OracleState; file: string }> {
  const out = join(world.folder, `${options.name}.state.json`);
  const system = await writeJson(join(world.folder, `${options.name}.system.json`), options.system);
  const flags = [
    ...(options.only === undefined ? [] : ['--only', options.only]),
    ...(options.since === undefined ? [] : ['--since', options.since]),
    ...(options.noHttp === true ? ['--no-http'] : []),
  ];
  await oracle(world, ['observe', '--system', system, '--out', out, ...flags]);
  return { state: JSON.parse(await readFile(out, 'utf8')) as OracleState, file: out };
}

export async function compare(
  world: World,
  options: { before: string; after: string; flags?: readonly string[] },
): Promise<Verdict> {
  return (await oracle(world, [
    'compare',
    '--before',
    options.before,
    '--after',
    options.after,
    ...(options.flags ?? []),
  ])) as Verdict;
}

/** A whole record: HTTP is asked first, for asking writes rows, and those are then part of what is written down. */
export interface Observation {
  readonly state: OracleState;
  readonly quiet: string;
  readonly http: string;
}

export async function observeWhole(
  world: World,
  options: { name: string; system: object },
): Promise<Observation> {
  const http = await observe(world, { ...options, name: `${options.name}-http`, only: 'http' });
  const quiet = await observe(world, { ...options, noHttp: true });
  return { state: withHttp(quiet.state, http.state), quiet: quiet.file, http: http.file };
}

/** The living system against a record: everything but HTTP first, then HTTP alone, for asking writes rows. */
export async function judge(
  world: World,
  options: { name: string; system: object; before: Observation },
): Promise<{ verdict: Verdict; after: OracleState }> {
  const { name, system, before } = options;
  const quiet = await observe(world, { name, system, noHttp: true, since: before.quiet });
  const http = await observe(world, { name: `${name}-http`, system, only: 'http' });
  const verdicts = [
    await compare(world, { before: before.quiet, after: quiet.file, flags: ['--no-http'] }),
    await compare(world, { before: before.http, after: http.file, flags: ['--http-only'] }),
  ];
  const verdict = {
    ok: verdicts.every(({ ok }) => ok),
    compared: Object.assign({}, ...verdicts.map(({ compared }) => compared)) as Verdict['compared'],
    differences: verdicts.flatMap(({ differences }) => differences),
    faults: verdicts.flatMap(({ faults }) => faults),
  };
  return { verdict, after: withHttp(quiet.state, http.state) };
}

function withHttp(quiet: OracleState, { http, errors }: OracleState): OracleState {
  return { ...quiet, ...(http === undefined ? {} : { http }), errors: [...quiet.errors, ...errors] };
}

/** Exit code 1 is a verdict as well; anything else means that the oracle could not look. */
async function oracle(world: World, args: readonly string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await execa('python3', ['test/oracle/oracle.py', ...args], {
    env: { PG_BIN: world.postgres.bin },
    reject: false,
  });
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`the oracle could not look: ${stdout} ${stderr}`);
  return JSON.parse(stdout);
}
