import { factsOf, holds, type Manifest } from '#libs/contracts/manifest.ts';
import { COMPONENTS } from '#libs/contracts/sites.ts';
import type { DatabaseFacts } from '#libs/contracts/database-snapshot.ts';
import type { ConfigFacts, FilesFacts } from '#libs/contracts/tree-snapshot.ts';

export interface CoverageRow {
  readonly category: string;
  readonly records: number;
  readonly covered: boolean;
  readonly restoreImpact: string;
}

/** Tables by the first pattern that fits; what fits none is `other tables`, never left away. */
const TABLE_CATEGORIES: readonly (readonly [category: string, pattern: RegExp, impact: string])[] = [
  ['migration state', /^django_migrations$/, 'the application cannot tell which schema it has'],
  ['sessions', /^django_session$/, 'everybody is logged out'],
  ['scheduled tasks', /beat|schedul|task/, 'recurring work stops unseen'],
  [
    'permissions and content types',
    /^(auth_|django_content_type)/,
    'access rules and generic references break',
  ],
  ['user management', /user|role|mfa|group/, 'nobody can log in'],
  ['audit trail', /audit|log$|_log|compliance|integrity|change/, 'records of evidence are lost'],
  ['workflows', /workflow/, 'running approvals lose their state'],
  ['documents', /document|placeholder|template/, 'documents lose their records'],
  ['security', /secur|certificate|signature|encryption|key/, 'signatures and keys are lost'],
  [
    'backup module',
    /backup|restore|health|metric|disaster/,
    'settings of the built-in backup module are lost',
  ],
  ['system configuration', /config|setting|custom|toggle|notification/, 'behaviour falls back to defaults'],
];
const OTHER = ['other tables', 'rows of unlisted tables are lost'] as const;

/** What is lost without a category of tables. */
export function impactOf(category: string): string {
  return TABLE_CATEGORIES.find(([name]) => name === category)?.[2] ?? OTHER[1];
}

/** What the deployment held at the mark against what this backup has, by category of data. Pure. */
export function coverageOf(manifest: Manifest): readonly CoverageRow[] {
  const absent = COMPONENTS.filter((component) => !holds(manifest, [component]));
  return [
    ...tableRows(manifest),
    ...treeRows(manifest),
    ...absent.map((component) => ({
      category: component,
      records: 0,
      covered: false,
      restoreImpact: 'not in this backup',
    })),
  ];
}

/** A table as `schema.table`; entries name it so, or as `table.column: what`. Pure. */
export function speaksOf(what: string, table: string): boolean {
  const name = table.slice(table.indexOf('.') + 1);
  return what === table || what.startsWith(`${table}:`) || what.startsWith(`${name}.`);
}

function tableRows(manifest: Manifest): readonly CoverageRow[] {
  const facts = factsOf<DatabaseFacts>(manifest.snapshots, 'database');
  const counted = Object.entries(facts?.rowsByTable ?? {});
  const lacking = manifest.leftOut
    .filter(({ component, partial }) => component === 'database' && partial)
    .map(({ what }) => what);
  // A table that was left out whole is not counted, and its category is there all the same.
  const whole = lacking.filter((what) => !counted.some(([table]) => speaksOf(what, table)));
  const rows = new Map<string, CoverageRow>();
  for (const [table, records] of [...counted, ...whole.map((what) => [what, 0] as const)]) {
    const [category, impact] = categoryOf(table.slice(table.indexOf('.') + 1));
    const row = rows.get(category) ?? { category, records: 0, covered: true, restoreImpact: impact };
    rows.set(category, {
      ...row,
      records: row.records + records,
      covered: row.covered && !lacking.some((what) => speaksOf(what, table)),
    });
  }
  const sequences = {
    category: 'sequences',
    records: facts?.sequences ?? 0,
    covered: facts !== undefined,
    restoreImpact: 'the first insert fails',
  };
  return [...rows.values(), sequences];
}

export function categoryOf(table: string): readonly [string, string] {
  const found = TABLE_CATEGORIES.find(([, pattern]) => pattern.test(table));
  return found === undefined ? OTHER : [found[0], found[2]];
}

function treeRows(manifest: Manifest): readonly CoverageRow[] {
  const files = factsOf<FilesFacts>(manifest.snapshots, 'files');
  const config = factsOf<ConfigFacts>(manifest.snapshots, 'config');
  const partial = (component: string) =>
    manifest.leftOut.some((entry) => entry.component === component && entry.partial);
  const roots = (files?.roots ?? []).map((root) => ({
    ...rootRow(`files: ${root.name}`, root),
    covered: !partial('files'),
  }));
  const trees = (config?.roots ?? []).map((root) =>
    rootRow(root.name.startsWith('env:') ? 'environment' : `configuration: ${root.name}`, root),
  );
  const certificates = {
    category: 'certificates',
    records: config?.certificates.length ?? 0,
    covered: config !== undefined,
    restoreImpact: 'TLS and signing stop',
  };
  return [...roots, ...trees.map((row) => ({ ...row, covered: !partial('config') })), certificates];
}

function rootRow(
  category: string,
  root: { readonly state: string; readonly files: number },
): Omit<CoverageRow, 'covered'> {
  return {
    category,
    records: root.files,
    restoreImpact: root.state === 'absent' ? 'none: absent at the source' : 'its files are lost',
  };
}
