import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import { holds, joinFacts, type Manifest } from '#libs/contracts/manifest.ts';
import type { ConfigFacts, RootFacts } from '#libs/contracts/tree-snapshot.ts';
import { categoryOf, impactOf, speaksOf } from './coverage.ts';

/** What the components said of now, in the shape of a snapshot's facts; one that could not look said nothing of it. */
export interface LiveFacts {
  readonly database?: Pick<DatabaseFacts, 'rowsByTable' | 'sequences'>;
  readonly files?: { readonly roots: readonly RootFacts[] };
  readonly config?: Pick<ConfigFacts, 'roots' | 'fingerprints' | 'certificates'>;
}

export interface CoverageLine {
  readonly category: string;
  readonly liveRecords: number;
  readonly backupRecords: number;
  readonly status: Status;
  readonly names: readonly string[];
  readonly restoreImpact: string;
}

/**
 * `covered`: the backup has at least what is there · `behind`: there is more now · `fewer`: there is less now than the
 * backup holds · `none`: nothing here, nothing there · `left-out`: named as not taken · `not-covered`: no backup ·
 * `unknown`: could not be looked at.
 */
type Status = 'covered' | 'behind' | 'fewer' | 'none' | 'left-out' | 'not-covered' | 'unknown';
type Component = 'database' | 'files' | 'config';

/** The analysis's own table: these lines are always there, also with nothing in them. */
const TABLES = [
  'user management',
  'documents',
  'workflows',
  'audit trail',
  'security',
  'system configuration',
  'scheduled tasks',
  'migration state',
  'sessions',
  'permissions and content types',
  'backup module',
  'other tables',
];
const CATEGORIES: readonly (readonly [category: string, component: Component, impact: string])[] = [
  ...TABLES.map((category) => [category, 'database', impactOf(category)] as const),
  ['sequences', 'database', 'the first insert fails'],
  ['files', 'files', 'documents without their content'],
  ['logs', 'files', 'who did what is lost'],
  ['environment', 'config', 'the application does not start'],
  ['configuration files', 'config', 'the application starts with other settings'],
  ['certificates', 'config', 'TLS and signing stop'],
];

/** Named parts of each category with their counts. */
type Holding = ReadonlyMap<string, ReadonlyMap<string, number>>;
type Part = readonly [category: string, name: string, records: number];

/** Pure. */
export function liveCoverage(live: LiveFacts, manifest: Manifest | undefined): readonly CoverageLine[] {
  const now = holdingOf(live);
  const then = manifest === undefined ? undefined : holdingOf(thenOf(manifest));
  return CATEGORIES.map(([category, component, restoreImpact]) => {
    const here = now.get(category) ?? new Map<string, number>();
    const there = then?.get(category) ?? new Map<string, number>();
    const liveRecords = sum(here);
    const backupRecords = sum(there);
    const counts = { category, liveRecords, backupRecords, restoreImpact };
    if (manifest === undefined || !holds(manifest, [component]))
      return { ...counts, status: 'not-covered', names: [] };
    if (!hasLooked(live, component)) return { ...counts, status: 'unknown', names: [component] };
    return { ...counts, ...statusOf(here, there, leftOutOf(manifest, component, here)) };
  });
}

function hasLooked({ database, files, config }: LiveFacts, component: Component): boolean {
  const looked = { database: database?.rowsByTable, files: files?.roots, config: config?.roots };
  return looked[component] !== undefined;
}

function statusOf(
  here: ReadonlyMap<string, number>,
  there: ReadonlyMap<string, number>,
  leftOut: readonly string[],
): Pick<CoverageLine, 'status' | 'names'> {
  if (leftOut.length > 0) return { status: 'left-out', names: leftOut };
  const more = [...here].filter(([name, records]) => records > (there.get(name) ?? 0)).map(nameOf);
  if (more.length > 0) return { status: 'behind', names: more };
  const fewer = [...there].filter(([name, records]) => records > (here.get(name) ?? 0)).map(nameOf);
  if (fewer.length > 0) return { status: 'fewer', names: fewer };
  return { status: sum(here) === 0 ? 'none' : 'covered', names: [] };
}

const nameOf = ([name]: readonly [string, number]) => name;

/** A table that holds rows, or that the backup lacks against the spec's will; of trees whatever makes the backup partial, for it cannot be told by count. */
function leftOutOf(
  { leftOut }: Manifest,
  component: Component,
  here: ReadonlyMap<string, number>,
): readonly string[] {
  return leftOut
    .filter((entry) => entry.component === component)
    .filter(({ what, partial }) =>
      component === 'database'
        ? (here.get(what) ?? 0) > 0 || (partial && [...here.keys()].some((table) => speaksOf(what, table)))
        : partial && [...here.keys()].some(isIn(what)),
    )
    .map(({ what }) => what);
}

const isIn = (what: string) => (root: string) => what === root || what.startsWith(`${root}/`);

function holdingOf({ database, files, config }: LiveFacts): Holding {
  const parts: readonly Part[] = [
    ...Object.entries(database?.rowsByTable ?? {}).map(([table, rows]): Part => [
      categoryOf(table.slice(table.indexOf('.') + 1))[0],
      table,
      rows,
    ]),
    ['sequences', 'sequences', database?.sequences ?? 0],
    ...(files?.roots ?? []).map((root): Part => [isLog(root) ? 'logs' : 'files', root.name, root.files]),
    ...Object.keys(config?.fingerprints ?? {}).map((name): Part => ['environment', name, 1]),
    ...(config?.roots ?? [])
      .filter(({ name }) => !name.startsWith('env:'))
      .map((root): Part => ['configuration files', root.name, root.files]),
    ...(config?.certificates ?? []).map(({ path }): Part => ['certificates', path, 1]),
  ];
  const holding = new Map<string, Map<string, number>>();
  for (const [category, name, records] of parts) {
    const own = holding.get(category) ?? new Map<string, number>();
    holding.set(category, own.set(name, (own.get(name) ?? 0) + records));
  }
  return holding;
}

function isLog({ name, path }: RootFacts): boolean {
  return /(?:^|[-/])logs?$/i.test(name) || /\/logs?$/i.test(path);
}

function thenOf({ snapshots }: Manifest): LiveFacts {
  return snapshots
    .map(({ component, facts }): object => ({ [component]: facts }))
    .reduce(joinFacts, {}) as LiveFacts;
}

function sum(parts: ReadonlyMap<string, number>): number {
  return [...parts.values()].reduce((all, records) => all + records, 0);
}
