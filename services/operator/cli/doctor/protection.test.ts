import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '#libs/contracts/manifest.ts';
import type { Finding } from './finding.ts';
import { changeFindings, liveFindings, verdictFinding, type LiveFacts } from './protection.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const RUN = 'ab'.repeat(16);

const config = () => ({
  roots: [{ name: 'certificates', kept: [] as string[] }],
  values: [{ file: '/app/.env', name: 'SECRET_KEY', fingerprint: 'aa' }],
  certificates: [
    {
      path: 'certificates/server.crt',
      fingerprint: 'bb',
      notAfter: '2027-11-24T12:00:00Z',
      keyMatches: true as boolean | null,
    },
  ],
});

const manifest = {
  deployment: 'records',
  snapshots: [{ component: 'config', facts: config() }],
} as unknown as Manifest;

function found(mutate: (live: { config: ReturnType<typeof config>; database: { kept: string[] } }) => void) {
  const live = { config: config(), database: { kept: [] } };
  mutate(live);
  const about = { manifest, now: NOW, release: 'holdfast release records' };
  return said(liveFindings('records', live as unknown as LiveFacts, about));
}

const said = (findings: readonly Finding[]) => findings.map(({ level, message }) => `${level} ${message}`);

test('a live system that is as the backup has nothing to say', () =>
  assert.deepEqual(
    found(() => {}),
    [],
  ));

test('F16: a value that changed since the backup is named', () => {
  assert.deepEqual(
    found(({ config: { values } }) => (values[0]!.fingerprint = '00')),
    ['warning configuration changed since the last backup: SECRET_KEY'],
  );
});

test('a certificate is told of 30 days before its end, at its end, and when no key fits', () => {
  const ends = (notAfter: string) => found((live) => (live.config.certificates[0]!.notAfter = notAfter));
  assert.deepEqual(ends('2026-12-24T13:00:00Z'), []);
  assert.match(
    ends('2026-12-23T12:00:00Z')[0]!,
    /^warning certificate certificates\/server.crt expires in 29 d/,
  );
  assert.match(ends('2026-11-24T11:59:00Z')[0]!, /^problem certificate certificates\/server.crt expired/);
  assert.match(
    found((live) => (live.config.certificates[0]!.keyMatches = false))[0]!,
    /^warning .*no private key/,
  );
  assert.deepEqual(
    found((live) => (live.config.certificates[0]!.keyMatches = null)),
    [],
  );
});

test('a kept old state is named wherever it lies', () => {
  const findings = found((live) => {
    live.database.kept = ['edms_kept_abababab'];
    live.config.roots[0]!.kept = [`${RUN}.1.1`];
  });
  assert.deepEqual(findings, [
    'warning old state of a restore is kept and takes room: database edms_kept_abababab, certificates',
  ]);
});

test('H9: a change that nobody accepted is said until somebody does', () => {
  const changes = [
    { kind: 'table-emptied', subject: 'public.beat', before: '5', after: '0', since: 'first' },
  ];
  const changed = { ...manifest, changes } as unknown as Manifest;
  assert.deepEqual(said(changeFindings(changed)), [
    'warning table public.beat turned empty: it had 5 rows (last seen otherwise in first)',
  ]);
  assert.deepEqual(changeFindings({ ...changed, changesAcceptedBy: 'anna' }), []);
});

test('a failed check is a problem until the same check of that backup passes', () => {
  const login = (at: string, good: boolean) => ({
    at,
    level: 5,
    ok: good,
    checks: [{ name: 'login', level: 5, ok: good, detail: '' }],
  });
  const level = (...found: Parameters<typeof verdictFinding>[1]) =>
    verdictFinding('records', found, NOW).level;
  const [failed, passed] = [login('2026-11-22T12:00:00Z', false), login('2026-11-23T12:00:00Z', true)];
  assert.equal(level([failed]), 'problem');
  assert.equal(level([passed, failed]), 'ok');
  assert.equal(level([failed], [passed]), 'problem', 'another backup proves nothing of this one');
  assert.equal(level([]), 'warning');
});
