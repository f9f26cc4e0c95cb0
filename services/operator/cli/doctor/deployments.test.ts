import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { ageFindings } from './deployments.ts';
import { inReachFindings } from './same-device.ts';

const MARK = Date.parse('2026-11-24T15:39:21.240Z');
const specYaml = 'deployment: records\ndatabase: { url: { env: URL } }\npolicy: { rpo: 26h }\n';
const HOUR_MS = 3_600_000;

test('the RPO observed is told as status has it, and too old is a problem', () => {
  const said = (hours: number) => ageFindings(observed(hours), [newest], MARK + hours * HOUR_MS);
  assert.deepEqual(said(2), [
    { level: 'ok', subject: 'records', message: 'RPO observed 2 h 0 min, objective 26h at L1' },
  ]);
  assert.deepEqual(
    said(27).map(({ level, remedy }) => [level, remedy]),
    [['problem', 'holdfast backup records']],
  );
});

test('a young backup that is not proved as far as the policy wants is named, with what proves it', () => {
  const [old] = ageFindings(observed(50, 2), [newest], MARK + 2 * HOUR_MS);
  assert.deepEqual(old, {
    level: 'problem',
    subject: 'records',
    message: 'RPO observed 2 d 2 h, objective 26h at L2; backup b is 2 h 0 min old and not proved so far',
    remedy:
      'holdfast drill records --backup b; when that fails: holdfast backup records && holdfast drill records',
  });
  const [none] = ageFindings(observed(null, 1), [newest], MARK + 2 * HOUR_MS);
  assert.deepEqual(
    [none?.message, none?.remedy],
    [
      'no backup counts, objective 26h at L1; backup b is 2 h 0 min old and not proved so far',
      'holdfast verify records --level 1 --backup b; when that fails: holdfast backup records',
    ],
  );
});

test('a mark ahead of the clock is no young backup', () => {
  const [found] = ageFindings(observed(-4), [newest], MARK - 4 * HOUR_MS);
  assert.deepEqual(
    [found?.level, found?.message],
    ['problem', 'newest backup b lies 4 h 0 min ahead of this clock'],
  );
});

test('no backup is a problem; a damaged one is none', () => {
  const levels = (backups: Parameters<typeof ageFindings>[1]) =>
    ageFindings(observed(null), backups, 0).map(({ level }) => level);
  assert.deepEqual(levels([]), ['problem']);
  assert.deepEqual(levels([{ ...BACKUP, completeness: 'damaged', components: [] }]), ['problem', 'problem']);
});

test('a backup of the configuration alone is no young backup', () => {
  const found = ageFindings(observed(null), [{ ...newest, components: ['config'] }], MARK);
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
  heldBecause: '',
};
const newest = { ...BACKUP, mark: '2026-11-24T15:39:21.240469Z/0/1BB8268' };

function observed(hours: number | null, level = 1) {
  const observedMs = hours === null ? null : hours * HOUR_MS;
  const met = hours !== null && hours <= 26;
  return { deployment: 'records', rpo: { backupId: null, level, objective: '26h', observedMs, met } };
}
