import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { ageFindings } from './deployments.ts';
import { inReachFindings } from './same-device.ts';

const specYaml = 'deployment: records\ndatabase: { url: { env: URL } }\npolicy: { rpo: 26h }\n';
const HOUR_MS = 3_600_000;

test('the age of a backup is that of its mark, told as it is, and too old is a problem', () => {
  const mark = '2026-11-24T15:39:21.240469Z/0/1BB8268';
  const backups = [{ ...BACKUP, mark }];
  const at = Date.parse('2026-11-24T15:39:21.240Z');
  const said = (hours: number) =>
    ageFindings({ deployment: 'records', specYaml }, backups, at + hours * HOUR_MS);
  assert.deepEqual(said(2), [
    { level: 'ok', subject: 'records', message: 'RPO observed 2 h 0 min, objective 26h' },
  ]);
  assert.deepEqual(
    said(27).map(({ level, remedy }) => [level, remedy]),
    [['problem', 'holdfast backup records']],
  );
});

test('a mark ahead of the clock is no young backup', () => {
  const backups = [{ ...BACKUP, mark: '2026-11-24T15:39:21Z' }];
  const [found] = ageFindings(
    { deployment: 'records', specYaml },
    backups,
    Date.parse('2026-11-24T12:00:00Z'),
  );
  assert.deepEqual(
    [found?.level, found?.message],
    ['problem', 'newest backup b lies 3 h 39 min ahead of this clock'],
  );
});

test('no backup is a problem; a damaged one is none', () => {
  const levels = (backups: Parameters<typeof ageFindings>[1]) =>
    ageFindings({ deployment: 'records', specYaml }, backups, 0).map(({ level }) => level);
  assert.deepEqual(levels([]), ['problem']);
  assert.deepEqual(levels([{ ...BACKUP, completeness: 'damaged', components: [] }]), ['problem', 'problem']);
});

test('a backup of the configuration alone is no young backup', () => {
  const mark = '2026-11-24T15:39:21Z';
  const backups = [{ ...BACKUP, mark, backupId: 'c', components: ['config'] }];
  const found = ageFindings({ deployment: 'records', specYaml }, backups, Date.parse(mark));
  assert.deepEqual(
    found.map(({ message }) => message),
    ['has no backup'],
  );
});

test('H8: a store within reach of the application is a problem', () => {
  const spec = parseSpec(
    `${specYaml}application: { root: /srv/edms, python: /usr/bin/python3 }
files: { roots: [{ name: storage, path: /data/storage }] }
`,
  );
  const named = (store: string) =>
    inReachFindings(spec, store).map(({ level, message }) => [level, /\((.*)\)/.exec(message)?.[1]]);
  assert.deepEqual(named('disk:/srv/edms/backups'), [['problem', 'application']]);
  assert.deepEqual(named('disk:/data/storage/.store'), [['problem', 'storage']]);
  assert.deepEqual(named('disk:/srv/edms-store'), []);
  assert.deepEqual(named('s3://127.0.0.1/srv/edms'), []);
});

const BACKUP = {
  backupId: 'b',
  deployment: 'records',
  mark: '',
  committedAt: '',
  completeness: 'complete',
  components: ['database', 'files', 'config'],
  manifestJson: '',
  coverage: [],
};
