import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { parse } from 'yaml';
import { Secret } from '#libs/kernel/secret.ts';
import { parseAddress, splitPassword } from '#libs/postgres/address.ts';
import type { AppEnvFile } from './app-env.ts';
import { partOf } from './database-address.ts';
import type { FoundFolder, FoundRewrite, Question } from './found.ts';

/** Settings are small and few; this bounds what a tree of documents could make us read. */
const ENTRIES_MAX = 20_000;
const BYTES_MAX = 64 << 10;
const FORMATS: Readonly<Record<string, FoundRewrite['format']>> = {
  '.json': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
};
const OTHERS = new Set(['.py', '.ini', '.cfg', '.conf', '.toml', '.properties', '.xml', '.env']);
/** Shorter ones are found by chance. */
const PASSWORD_MIN = 6;

export interface Known {
  readonly appRoot: string;
  /** Roots and trees. */
  readonly folders: readonly FoundFolder[];
  readonly envFiles: readonly AppEnvFile[];
  readonly url: string | undefined;
}

interface Facts extends Pick<Known, 'appRoot' | 'folders'> {
  readonly database: ReturnType<typeof parseAddress> | undefined;
  readonly password: string;
}

type Found = { readonly rewrites: readonly FoundRewrite[]; readonly questions: readonly Question[] };

/** Files that name this deployment's database or folders: a copy that reads them would work on the original. */
export async function findSettings({ appRoot, folders, envFiles, url }: Known): Promise<Found> {
  const secret = url === undefined ? undefined : new Secret(url);
  const facts: Facts = {
    appRoot,
    folders,
    database: secret === undefined ? undefined : parseAddress(secret),
    password: secret === undefined ? '' : splitPassword(secret).password,
  };
  const inTrees = await Promise.all(
    folders.map(async ({ path }) =>
      Promise.all((await candidates(path)).map(async (file) => await lookAtFile(file, facts))),
    ),
  );
  const all = [...envFiles.map((file) => lookAtEnv(file, facts)), ...inTrees.flat()];
  return {
    rewrites: all.flatMap(({ rewrites }) => rewrites),
    questions: all.flatMap(({ questions }) => questions),
  };
}

async function candidates(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const open = [folder];
  for (let seen = 0; open.length > 0 && seen < ENTRIES_MAX;) {
    const at = open.shift()!;
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      seen += 1;
      if (entry.isDirectory()) open.push(join(at, entry.name));
      if (entry.isFile() && isSettings(entry.name)) found.push(join(at, entry.name));
    }
  }
  return found.toSorted();
}

const isSettings = (name: string) => FORMATS[extname(name)] !== undefined || OTHERS.has(extname(name));

async function lookAtFile(file: string, facts: Facts): Promise<Found> {
  const found = await stat(file).catch(() => undefined);
  const text = (found?.size ?? Infinity) > BYTES_MAX ? '' : await readFile(file, 'utf8').catch(() => '');
  if (!names(text, facts)) return { rewrites: [], questions: [] };
  const format = FORMATS[extname(file)];
  const leaves = format === undefined ? undefined : leavesOf(text);
  if (format === undefined || leaves === undefined) return { rewrites: [], questions: [unreadable(file)] };
  const set = Object.fromEntries(leaves.flatMap((leaf) => ruleOf(leaf, leaves, facts)));
  const rest = leaves.filter(({ key, value }) => set[key] === undefined && names(value, facts));
  return {
    rewrites: Object.keys(set).length === 0 ? [] : [{ file, format, set }],
    questions: rest.map(({ key }) => undecided(file, key)),
  };
}

function lookAtEnv({ path: file, values }: AppEnvFile, facts: Facts): Found {
  const set = Object.fromEntries(
    [...values].flatMap(([name, value]): [string, string][] => {
      const part = partOf(name);
      const template = part === undefined ? placeOf(value, facts) : databasePart(part, value, facts);
      return template === undefined ? [] : [[name, template]];
    }),
  );
  return { rewrites: Object.keys(set).length === 0 ? [] : [{ file, format: 'env', set }], questions: [] };
}

/** Whether it says where this deployment is. */
function names(text: string, { appRoot, password }: Facts): boolean {
  return text.includes(`${appRoot}/`) || (password.length >= PASSWORD_MIN && text.includes(password));
}

interface Leaf {
  readonly parent: string;
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

/** Undefined for a text that is none of the kind, or has a key that could not be named. */
function leavesOf(text: string): readonly Leaf[] | undefined {
  try {
    return visit(parse(text), []);
  } catch {
    return undefined;
  }
}

function visit(value: unknown, path: readonly string[]): readonly Leaf[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, child]) =>
      name.includes('.') ? [] : visit(child, [...path, name]),
    );
  const [parent, key] = [path.slice(0, -1).join('.'), path.join('.')];
  return [{ parent, name: path.at(-1) ?? '', key, value: String(value) }];
}

/** A name like `edms` stands for the database only beside other parts of the address. */
function ruleOf(leaf: Leaf, leaves: readonly Leaf[], facts: Facts): readonly [string, string][] {
  const { database, password } = facts;
  const place = placeOf(leaf.value, facts);
  if (place !== undefined) return [[leaf.key, place]];
  if (database === undefined) return [];
  const parts = new Set([...Object.values(database), password]);
  const beside = leaves.filter(({ parent, value }) => parent === leaf.parent && parts.has(value));
  const part = (['database', 'host', 'port'] as const).find((name) => NAMED[name].test(leaf.name));
  const template =
    part === undefined || beside.length < 3 ? undefined : databasePart(part, leaf.value, facts);
  return template === undefined ? [] : [[leaf.key, template]];
}

const NAMED = { database: /name|database|^db$/i, host: /host|server/i, port: /port/i } as const;

function databasePart(
  part: 'database' | 'host' | 'port',
  value: string,
  { database }: Facts,
): string | undefined {
  return database?.[part] === value ? `{${part}}` : undefined;
}

function placeOf(value: string, { folders }: Facts): string | undefined {
  const root = folders.find(({ path }) => value === path || value.startsWith(`${path}/`));
  return root === undefined ? undefined : `{root:${root.name}}${value.slice(root.path.length)}`;
}

function unreadable(file: string): Question {
  return {
    subject: file,
    message:
      'it names the database or folders of this deployment and is neither JSON, YAML nor an env file: a copy would read the original’s',
    add: 'nothing adapts it: have it read those from an env file before a backup is restored elsewhere',
    must: false,
  };
}

function undecided(file: string, key: string): Question {
  return {
    subject: `${file} ${key}`,
    message:
      'it names the database’s password or a folder that is not backed up, and what a copy is to have cannot be seen',
    add: `in set of that file in config.rewrite, where it differs: ${JSON.stringify(key)}: { env: VARIABLE } or a text`,
    must: false,
  };
}
