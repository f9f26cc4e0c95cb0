import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import { judgeApplication } from './application-checks.ts';
import { certificates, requiredVariables } from './config-checks.ts';

const SPEC = parseSpec(`
deployment: d
profile: django
database: { url: { env: U } }
application: { root: /app, python: /usr/bin/python3 }
checks:
  - { name: page, http: { url: "http://127.0.0.1:1/" } }
`);
const quiet = { target: '127.0.0.1:5432', reached: false, said: 'Connection refused', answersOutside: true };
const found = { programs: { soffice: null }, commands: [], pages: [] };

test('where the system cannot enclose, nothing was checked and nothing passes', () => {
  const { checks, notChecked } = judgeApplication(SPEC, { enclosed: false, reason: 'unshare failed' });
  assert.deepEqual(checks, []);
  assert.match(notChecked.join(), /no way to enforce isolation here: unshare failed/);
});

test('a probe that got out fails, and so does one that would show nothing', () => {
  const probed = (probe: object) =>
    judgeApplication(SPEC, { enclosed: true, probes: [{ ...quiet, ...probe }] }).checks.map(({ ok }) => ok);
  assert.deepEqual(probed({}), [true]);
  assert.deepEqual(probed({ reached: true }), [false]);
  assert.deepEqual(probed({ answersOutside: false }), [false]);
});

test('F15: a missing runtime program fails; what nobody declared is listed as not checked', () => {
  const profile = { started: false as const, said: 'ImproperlyConfigured' };
  const judged = judgeApplication(SPEC, { enclosed: true, probes: [quiet], found: { ...found, profile } });
  assert.deepEqual(
    judged.checks.map(({ name, ok }) => [name, ok]),
    [
      ['no route to production', true],
      ['runtime programs', false],
      ['application starts', false],
    ],
  );
  assert.deepEqual(judged.notChecked, [
    'a workflow transition: no check with a command is declared',
    'page: application.serve is not declared',
  ]);
});

test('F14: a required variable without a value is missing', () => {
  const text = 'A=1\nexport B="x y"\nC=\nD=""\nE=  # later\n#F=1\n';
  const check = requiredVariables(['A', 'B', 'C', 'D', 'E', 'F'], [{ path: '/.env', text }]);
  assert.deepEqual([check.ok, check.detail], [false, '6 variables wanted, missing: C, D, E, F']);
  assert.equal(requiredVariables(['A', 'B'], [{ path: '/.env', text }]).ok, true);
});

test('without a certificate there is nothing to judge', () => {
  assert.equal(certificates([{ path: '/c/readme', text: '-----BEGIN CERTIFICATE-----' }], 0), undefined);
});
