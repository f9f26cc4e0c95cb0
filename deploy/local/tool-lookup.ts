import { HoldfastError } from '#libs/kernel/errors.ts';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from './cache-folder.ts';
import { runProgram } from './run-program.ts';
import { cachedFolders, TOOLS, type ToolName, type VersionPair } from './tool-catalogue.ts';
import { findRealFolder, isExecutable, pathFolders } from './tool-search.ts';

export interface Tool {
  readonly name: ToolName;
  /** The main program. */
  readonly path: string;
  /** Where it lies, with the rest of its set. */
  readonly folder: string;
  readonly version: string;
  readonly major: number;
  readonly origin: Origin;
}

export type Origin = 'override' | 'path' | 'system' | 'cache' | 'installed';

export interface FindOptions {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Environment | undefined;
  /** Says what is skipped, and what is being installed and how long it may take. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** False: never installs, throws TOOL_MISSING instead. */
  readonly install?: boolean | undefined;
  /** Instead of the usual folders of the system. */
  readonly systemFolders?: readonly string[] | undefined;
  /** PostgreSQL: only this major. */
  readonly major?: number | undefined;
  /** PostgreSQL: this major or newer. */
  readonly majorMin?: number | undefined;
}

const PLACES = ['path', 'system', 'cache'] as const;

/** The tool as it is now, by the order of `findTool` without installing. Throws when the override is wrong. */
export async function lookUpTool(name: ToolName, options: FindOptions): Promise<Tool | undefined> {
  const overridden = await requireOverride(name, options);
  if (overridden !== undefined) return overridden;
  for (const place of PLACES) {
    const tool = (await listIn(name, place, options)).at(0);
    if (tool !== undefined) return tool;
  }
  return undefined;
}

export function missingTool(name: ToolName, options: FindOptions, cause?: unknown): HoldfastError {
  const { major, majorMin } = options;
  const wish = { ...(major === undefined ? {} : { major }), ...(majorMin === undefined ? {} : { majorMin }) };
  return new HoldfastError('TOOL_MISSING', { tool: name, ...wish, remedy: TOOLS[name].remedy }, { cause });
}

async function requireOverride(name: ToolName, options: FindOptions): Promise<Tool | undefined> {
  const recipe = TOOLS[name];
  const value = (options.env ?? process.env)[recipe.override];
  if (value === undefined || value === '') return undefined;
  const path = recipe.isSet ? join(resolve(value), recipe.programs[0] ?? '') : resolve(value);
  const seen = await inspect(name, path, 'override', options);
  if (seen.kind === 'fits') return seen.tool;
  const remedy = `correct or unset ${recipe.override}`;
  if (name === 'nats-server' && seen.kind === 'old')
    throw new HoldfastError('BUS_TOO_OLD', { path, version: seen.version, remedy });
  throw new HoldfastError('TOOL_MISSING', {
    tool: name,
    variable: recipe.override,
    value,
    reason: seen.reason,
    remedy,
  });
}

/** The first fitting one of the place, or with `all` every one. */
async function listIn(
  name: ToolName,
  origin: (typeof PLACES)[number],
  options: FindOptions,
  all = false,
): Promise<Tool[]> {
  const tools: Tool[] = [];
  for (const folder of await foldersOf(name, origin, options)) {
    for (const program of TOOLS[name].programs) {
      if (!(await isExecutable(join(folder, program)))) continue;
      const seen = await inspect(name, join(folder, program), origin, options);
      if (seen.kind === 'old') options.onNote?.(`${join(folder, program)} is skipped: ${seen.reason}`);
      if (seen.kind !== 'fits') continue;
      tools.push(seen.tool);
      if (!all) return tools;
    }
  }
  return tools;
}

async function foldersOf(
  name: ToolName,
  origin: (typeof PLACES)[number],
  options: FindOptions,
): Promise<readonly string[]> {
  const env = options.env ?? process.env;
  switch (origin) {
    case 'path':
      return pathFolders(env);
    case 'system':
      return options.systemFolders ?? (await TOOLS[name].systemFolders(env));
    case 'cache':
      return await cachedFolders(name, env);
    default:
      return origin satisfies never;
  }
}

type Seen =
  | { readonly kind: 'fits'; readonly tool: Tool }
  | { readonly kind: 'old'; readonly version: string; readonly reason: string }
  | { readonly kind: 'unfit'; readonly reason: string };

async function inspect(name: ToolName, path: string, origin: Origin, options: FindOptions): Promise<Seen> {
  const recipe = TOOLS[name];
  if (!(await isExecutable(path))) return { kind: 'unfit', reason: `${path} is not a program` };
  const folder = recipe.isSet ? await findRealFolder(path) : dirname(path);
  if (folder === undefined) return { kind: 'unfit', reason: `${path} is a wrapper` };
  for (const other of recipe.beside) {
    if (!(await isExecutable(join(folder, other))))
      return { kind: 'unfit', reason: `${other} is not beside it` };
  }
  const text = await runProgram(path, [recipe.versionArgument], {
    timeout: 20_000,
    ...cancelBy(options),
  }).catch(() => undefined);
  if (text === undefined) return { kind: 'unfit', reason: `${path} ${recipe.versionArgument} fails` };
  const version =
    /(\d+(?:\.\d+)*)/.exec(text.replace(/^.*?version\D*/s, ''))?.[1] ??
    /(\d+(?:\.\d+)+)/.exec(text)?.[1] ??
    '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (recipe.atLeast !== undefined && isOlder([major, minor], recipe.atLeast)) {
    return { kind: 'old', version, reason: `version ${version} is older than ${recipe.atLeast.join('.')}` };
  }
  if (options.major !== undefined && major !== options.major)
    return { kind: 'unfit', reason: `major ${major} is not ${options.major}` };
  if (options.majorMin !== undefined && major < options.majorMin)
    return { kind: 'unfit', reason: `major ${major} is below ${options.majorMin}` };
  const main = recipe.isSet ? join(folder, recipe.programs[0] ?? '') : path;
  return { kind: 'fits', tool: { name, path: main, folder, version, major, origin } };
}

function isOlder([major, minor]: VersionPair, [wantedMajor, wantedMinor]: VersionPair): boolean {
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

function cancelBy({ signal }: FindOptions): { cancelSignal?: AbortSignal } {
  return signal === undefined ? {} : { cancelSignal: signal };
}
