import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { parseSpec } from '#libs/contracts/spec.ts';
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
