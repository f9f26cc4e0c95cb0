import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { parseSpec } from '#libs/contracts/spec.ts';
import { coverageOf } from './coverage.ts';
import { buildManifest, type BackupParts } from './manifest.ts';

const takenOf = (component: 'database' | 'files' | 'config'): TakeSnapshotOutcome => ({
  snapshot: { deployment: 'records', component, id: component, digest: '00' },
  mark: 'm1',
  leftOut: [{ what: 'cache', reason: 'excluded by the spec', partial: false }],
  facts: {},
  packs: [],
  sourceBytes: 0,
  newBytes: 0,
});
const check = { name: 'packs', level: 1, ok: true, detail: 'all read again' };
const WHOLE = {
  header: {
    runId: '0123456789abcdef0123456789abcdef',
    kind: 'backup',
    deployment: 'records',
    specVersion: 1,
    principal: 'operator',
    openedAt: '2026-01-02T03:04:05.000Z',
    parameters: {},
  },
  spec: parseSpec('deployment: records\ndatabase: { url: { env: DB_URL } }\n'),
  specDigest: '00',
  repository: 'r',
  taken: [takenOf('database'), takenOf('files'), takenOf('config')],
  verified: { checks: [check], notChecked: [] },
  preflight: {},
  committedAt: '2026-01-02T03:05:05.000Z',
  compared: { changes: [] },
} as unknown as BackupParts;

test('what the spec excludes leaves a backup complete', () => {
  assert.equal(buildManifest(WHOLE).completeness, 'complete');
});

test('what one component could not take makes it partial, and is listed', () => {
  const files = {
    ...takenOf('files'),
    leftOut: [{ what: 'media/a', reason: 'cannot be read', partial: true }],
  };
  const manifest = buildManifest({ ...WHOLE, taken: [takenOf('database'), files, takenOf('config')] });
  assert.equal(manifest.completeness, 'partial');
  assert.ok(manifest.leftOut.some(({ component, what }) => component === 'files' && what === 'media/a'));
});

test('a check that failed makes it partial, and is listed', () => {
  const verified = { ...WHOLE.verified, checks: [check, { ...check, name: 'documents', ok: false }] };
  const manifest = buildManifest({ ...WHOLE, verified });
  assert.equal(manifest.completeness, 'partial');
  assert.ok(manifest.leftOut.some(({ what }) => what === 'documents'));
});

test('where the policy wants all or nothing, everything that lacks is named and nothing is committed', () => {
  const spec = structuredClone(WHOLE.spec);
  spec.policy.partial = 'refuse';
  assert.equal(buildManifest({ ...WHOLE, spec }).completeness, 'complete');
  const verified = { ...WHOLE.verified, checks: [{ ...check, name: 'documents', ok: false }] };
  const files = { ...takenOf('files'), leftOut: [{ what: 'media/a', reason: 'no', partial: true }] };
  const taken = [takenOf('database'), files, takenOf('config')];
  assert.throws(
    () => buildManifest({ ...WHOLE, spec, verified, taken }),
    (error: HoldfastError) => {
      const named = error.problems.map(({ subject }) => subject);
      return error.code === 'BACKUP_PARTIAL' && named.join() === 'media/a,documents';
    },
  );
});

test('coverage: a table left out whole, and one whose documents lie elsewhere, are not covered', () => {
  const entry = (what: string) => ({ what, reason: 'r', partial: true });
  const coveredWith = (...leftOut: readonly ReturnType<typeof entry>[]) => {
    const facts = { rowsByTable: { 'public.documents': 7, 'public.users': 3 }, sequences: 1 };
    const database = { ...takenOf('database'), leftOut: [...leftOut], facts };
    const config = { ...takenOf('config'), facts: { roots: [], certificates: [] } };
    const manifest = buildManifest({ ...WHOLE, taken: [database, takenOf('files'), config] });
    const rows = coverageOf(manifest).filter(({ covered }) => !covered);
    return rows.map(({ category, records }) => `${category} ${records}`);
  };
  assert.deepEqual(coveredWith(), []);
  assert.deepEqual(coveredWith(entry('public.audit_trail')), ['audit trail 0']);
  assert.deepEqual(coveredWith(entry('documents.file_path: s3://b/k')), ['documents 7']);
});
