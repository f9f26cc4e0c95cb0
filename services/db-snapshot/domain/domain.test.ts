import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StagedDatabase } from '#libs/contracts/requests.ts';
import { keptName, sideName, sidePrefix } from './names.ts';
import { groupRules, isAddress, leavesRoots, resolveDocument, type DocumentRule } from './document-rows.ts';
import { compareMigrations, migrationWarnings } from './migrations.ts';
import { planPivot, planUndo, stageOf } from './switch.ts';

const RUN = '0123456789abcdef0123456789abcdef';
const LONG = 'документооборот-с-очень-длинным-именем-базы';

test('names stay within 63 bytes, hold whole characters, and one run’s begin alike', () => {
  const side = sideName(LONG, { runId: RUN, epoch: 9_999_999, claim: 9_999 });
  for (const name of [side, keptName(LONG, RUN)]) {
    assert.ok(Buffer.byteLength(name) <= 63, name);
    assert.equal(Buffer.from(name).toString(), name);
  }
  assert.ok(side.startsWith(sidePrefix(LONG, RUN)));
  assert.ok(sideName('edms', { runId: RUN, epoch: 1, claim: 2 }).startsWith(sidePrefix('edms', RUN)));
  assert.equal(keptName('edms', RUN), 'edms_kept_01234567');
});

const rule = { table: 'files', path: 'path', root: 'storage', prefix: 'docs/', base: 'in' } as DocumentRule;
const pathOf = (path: string) => resolveDocument(rule, { path, sha256: null, size: null })?.path;

test('a path is relative to base and root, and one that leaves the root is none', () => {
  assert.equal(pathOf('docs/a.pdf'), 'in/a.pdf');
  assert.equal(pathOf('docs//b/./c.pdf'), 'in/b/c.pdf');
  assert.equal(pathOf('docs/../d.pdf'), 'd.pdf');
  assert.equal(pathOf('docs/../../etc/passwd'), undefined);
  assert.equal(pathOf('docs/..'), undefined);
});

test('rules of the same columns are read once, and a path may lead out of every root', () => {
  const other = { ...rule, prefix: 'else/' };
  const second = { ...rule, path: 'second' };
  assert.deepEqual(groupRules([rule, second, other]), [[rule, other], [second]]);
  assert.deepEqual(
    ['a/b', 'a/../b', '../b', '/etc/passwd'].map((path) => leavesRoots(path)),
    [false, false, true, true],
  );
});

test('an address is told from a path', () => {
  const told = ['s3://bucket/a.pdf', 'https://x/a', 'C:/a', 'a/b://c', 'docs/s3:/a'].map(isAddress);
  assert.deepEqual(told, [true, true, false, false, false]);
});

test('only a SHA-256 is a digest to compare with', () => {
  const digestOf = (sha256: string) => resolveDocument(rule, { path: 'docs/a', sha256, size: '5' })?.sha256;
  assert.equal(digestOf(` ${'A'.repeat(64)}`), 'a'.repeat(64));
  assert.equal(digestOf('d41d8cd98f00b204e9800998ecf8427e'), '');
});

const staged: StagedDatabase = {
  component: 'database',
  stage: stageOf('r.1.1', '7'),
  live: 'l',
  side: 's',
  kept: 'k',
  comment: null,
  adapted: { sessionsDropped: 0, held: [], incomplete: [] },
};
const planOf = (plan: typeof planPivot, ...present: [string, string][]) =>
  plan(staged, new Map(present)).renames.map(({ from, to }) => `${from}>${to}`);

test('a switch goes forward from wherever it stands and refuses what is not its own', () => {
  assert.deepEqual(planOf(planPivot, ['l', '1'], ['s', '7']), ['l>k', 's>l']);
  assert.deepEqual(planOf(planPivot, ['s', '7']), ['s>l']);
  assert.deepEqual(planOf(planPivot, ['k', '1'], ['l', '7']), []);
  assert.throws(() => planOf(planPivot, ['l', '1']), /staged database is gone/);
  assert.throws(() => planOf(planPivot, ['l', '1'], ['s', '8']), /staged database is gone/);
  assert.throws(() => planOf(planPivot, ['l', '1'], ['s', '7'], ['k', '2']), /k/);
});

test('a database that takes no other’s name is refused where there is one of its name by now', () => {
  const plan = (...present: [string, string][]) =>
    planPivot({ ...staged, kept: '' }, new Map(present)).renames;
  assert.deepEqual(plan(['s', '7']), [{ from: 's', to: 'l' }]);
  assert.deepEqual(plan(['l', '7']), []);
  assert.throws(() => plan(['l', '1'], ['s', '7']), { code: 'DATABASE_SAME_TARGET' });
  assert.deepEqual(planUndo({ ...staged, kept: '' }, new Map([['l', '7']])).renames, [
    { from: 'l', to: 's' },
  ]);
});

test('switching back touches only what was switched', () => {
  assert.deepEqual(planOf(planUndo, ['k', '1'], ['l', '7']), ['l>s', 'k>l']);
  assert.deepEqual(planOf(planUndo, ['l', '7']), ['l>s']);
  assert.deepEqual(planOf(planUndo, ['l', '1'], ['s', '7']), []);
  assert.deepEqual(planOf(planUndo, ['l', '1']), []);
});

test('H4: the code is told to be equal, ahead, behind or diverged, and each app that is not equal by name', () => {
  const code = new Map([['agenda', ['0002_more', '0001_initial']]]);
  const told = (agenda: string, found = code) => {
    const compared = compareMigrations({ migrations: { agenda, auth: '0012_far_away' } }, found);
    return [compared.verdict, ...migrationWarnings(compared).map(({ subject }) => subject)];
  };
  assert.deepEqual(told('0002_more'), ['equal']);
  assert.deepEqual(told('0001_initial'), ['ahead', 'migrations of agenda: ahead']);
  assert.deepEqual(told('0003_later'), ['behind', 'migrations of agenda: behind']);
  assert.deepEqual(told('0002_another'), ['diverged', 'migrations of agenda: diverged']);
  assert.deepEqual(told('0002_more', new Map()), ['unknown']);
  const mixed = { migrations: { agenda: '0001_initial', vault: '0009_late' } };
  const both = compareMigrations(mixed, new Map([...code, ['vault', ['0001_initial']]]));
  assert.equal(both.verdict, 'diverged', 'one ahead and one behind');
});
