import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '#libs/contracts/manifest.ts';
import { liveCoverage, type LiveFacts } from './live-coverage.ts';

const root = (name: string, files: number) => ({ name, path: `/app/${name}`, state: 'captured', files });
const facts = () => ({
  database: {
    rowsByTable: { 'public.users': 3, 'public.documents': 7, 'public.odd': 2 } as Record<string, number>,
    sequences: 4,
  },
  files: { roots: [root('storage', 9), root('logs', 2)] },
  config: {
    roots: [root('env:/app/.env', 1), root('tls', 2)],
    fingerprints: { SECRET_KEY: 'aa' } as Record<string, string>,
    certificates: [{ path: 'tls/server.crt' }],
  },
});

function line(
  category: string,
  mutate: (live: ReturnType<typeof facts>) => void,
  leftOut: readonly { component: string; what: string; partial: boolean }[] = [],
) {
  const live = facts();
  mutate(live);
  const snapshots = Object.entries(facts()).map(([component, own]) => ({ component, facts: own }));
  const manifest = { snapshots, leftOut } as unknown as Manifest;
  const { status, names, liveRecords, backupRecords } = liveCoverage(
    live as unknown as LiveFacts,
    manifest,
  ).find((candidate) => candidate.category === category)!;
  return `${status} ${liveRecords}/${backupRecords} ${names.join(', ')}`.trim();
}

test('F38: each category has its own status, from what is there now', () => {
  const same = () => {};
  assert.equal(line('user management', same), 'covered 3/3');
  assert.equal(line('workflows', same), 'none 0/0');
  assert.equal(line('environment', same), 'covered 1/1');
  assert.equal(line('logs', same), 'covered 2/2');
  assert.equal(
    line('other tables', (live) => (live.database.rowsByTable['public.odd'] = 5)),
    'behind 5/2 public.odd',
  );
  assert.equal(
    line('other tables', (live) => (live.database.rowsByTable['public.new'] = 1)),
    'behind 3/2 public.new',
  );
  assert.equal(
    line('user management', (live) => delete live.database.rowsByTable['public.users']),
    'fewer 0/3 public.users',
  );
  assert.equal(
    line('environment', (live) => (live.config.fingerprints['NEW'] = 'bb')),
    'behind 2/1 NEW',
  );
});

test('F38: a gain in one table does not hide a loss in another of the category', () => {
  const moved = (live: ReturnType<typeof facts>) => {
    live.database.rowsByTable['public.users'] = 0;
    live.database.rowsByTable['public.user_roles'] = 3;
  };
  assert.equal(line('user management', moved), 'behind 3/3 public.user_roles');
});

test('F38: what the backup left out is said whatever the numbers are', () => {
  const same = () => {};
  const table = { component: 'database', what: 'public.users', partial: false };
  assert.equal(line('user management', same, [table]), 'left-out 3/3 public.users');
  assert.equal(line('documents', same, [table]), 'covered 7/7');
  const file = { component: 'files', what: 'storage/a.pdf', partial: true };
  assert.equal(line('files', same, [file]), 'left-out 9/9 storage/a.pdf');
  assert.equal(line('logs', same, [file]), 'covered 2/2');
});

test('F38: a component that does not answer, or could not look, is unknown; without a backup nothing is covered', () => {
  const { files } = facts();
  const live = { files, config: {} } as unknown as LiveFacts;
  const snapshots = Object.entries(facts()).map(([component, own]) => ({ component, facts: own }));
  const statusOf = (manifest: Manifest | undefined, category: string) =>
    liveCoverage(live, manifest).find((line) => line.category === category)!.status;
  const manifest = { snapshots, leftOut: [] } as unknown as Manifest;
  for (const category of ['documents', 'environment']) assert.equal(statusOf(manifest, category), 'unknown');
  assert.equal(statusOf(manifest, 'files'), 'covered');
  for (const category of ['documents', 'environment', 'files', 'workflows'])
    assert.equal(statusOf(undefined, category), 'not-covered');
});

test('F38: of a backup of some components the others are not covered', () => {
  const [config] = Object.entries(facts()).slice(2);
  const snapshots = [{ component: config![0], facts: config![1] }];
  const manifest = { snapshots, leftOut: [] } as unknown as Manifest;
  const lines = liveCoverage(facts() as unknown as LiveFacts, manifest);
  const covered = lines.filter(({ status }) => status !== 'not-covered').map(({ category }) => category);
  assert.deepEqual(covered, ['environment', 'configuration files', 'certificates']);
});
