import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HoldfastError } from '#libs/kernel/errors.ts';
import type { StoredManifest } from '../ports.ts';
import { draftRestore } from './restore-plan.ts';

const snapshots = ['database', 'files', 'config'].map((component) => ({
  component,
  id: 'one',
  digest: '00',
  packs: [],
}));
const stored = {
  manifest: { backupId: 'b', deployment: 'records-eu', snapshots },
  digest: '11',
} as unknown as StoredManifest;
const sites = { database: 'local', files: ['local'], config: ['local'], hooks: ['local'] };
const wish = { deployment: 'staging', stored, specVersion: 1, sites, components: [], relocationJson: '' };

test('what is approved is one backup, onto one target, by one version of its spec', () => {
  const { digest } = draftRestore(wish);
  assert.equal(draftRestore({ ...wish }).digest, digest);
  const others = [
    { deployment: 'training' },
    { specVersion: 2 },
    { relocationJson: '{"database":{"name":"copy"}}' },
    { stored: { ...stored, digest: '22' } },
  ];
  for (const other of others) assert.notEqual(draftRestore({ ...wish, ...other }).digest, digest);
});

test('a backup of some components is restored by their names, and never for all there is', () => {
  const manifest = { ...stored.manifest, snapshots: stored.manifest.snapshots.slice(2) };
  const some = { ...wish, stored: { ...stored, manifest } };
  assert.throws(
    () => draftRestore(some),
    (thrown: HoldfastError) => {
      assert.equal(thrown.code, 'BACKUP_NOT_WHOLE');
      assert.match(String(thrown.details['remedy']), /--only config/);
      return true;
    },
  );
  assert.equal(draftRestore({ ...some, components: ['config'] }).parameters.snapshots.length, 1);
});
