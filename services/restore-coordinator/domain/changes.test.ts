import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, Manifest } from '#libs/contracts/manifest.ts';
import { specSchema } from '#libs/contracts/spec.ts';
import { changesSince } from './changes.ts';
import { compareWithLast, requireSameInstance } from './unchanged.ts';

interface Facts {
  database: { rowsByTable: Record<string, number>; systemIdentifier: string; database: string };
  files: { roots: { name: string; state: string; files: number }[] };
  config: {
    roots: { name: string; state: string; files: number }[];
    fingerprints: Record<string, string>;
    certificates: { path: string; fingerprint: string }[];
  };
}

const good = (): Facts => ({
  database: {
    rowsByTable: { 'public.documents': 7, 'public.queue': 0, 'public.beat_periodictask': 5 },
    systemIdentifier: '7300000000000000001',
    database: 'edms',
  },
  files: { roots: [{ name: 'storage', state: 'captured', files: 9 }] },
  config: {
    roots: [{ name: 'certificates', state: 'captured', files: 2 }],
    fingerprints: { SECRET_KEY: 'aa', EDMS_MASTER_KEY: 'bb', DEBUG: 'cc' },
    certificates: [{ path: 'certificates/server.crt', fingerprint: 'dd' }],
  },
});

function manifest(facts: Facts, more: Partial<Manifest> = {}): Manifest {
  const snapshots = Object.entries(facts).map(([component, own]) => ({ component, facts: own }));
  return { backupId: 'first', deployment: 'records', snapshots, ...more } as unknown as Manifest;
}

function changed(mutate: (facts: Facts) => void, previous = manifest(good()), mayEmpty: string[] = []) {
  const facts = good();
  mutate(facts);
  return changesSince(previous, manifest(facts).snapshots, mayEmpty);
}

const words = (changes: readonly Change[]) =>
  changes.map(({ kind, subject, before, after }) => [kind, subject, before, after].join(' '));

const MUTATIONS: readonly (readonly [said: string, mutate: (facts: Facts) => void])[] = [
  [
    'table-emptied public.beat_periodictask 5 0',
    (f) => (f.database.rowsByTable['public.beat_periodictask'] = 0),
  ],
  ['table-gone public.documents 7 gone', (f) => delete f.database.rowsByTable['public.documents']],
  ['tree-emptied storage 9 0', (f) => (f.files.roots[0]!.files = 0)],
  ['tree-gone storage 9 gone', (f) => (f.files.roots[0]!.state = 'absent')],
  ['tree-gone certificates 2 gone', (f) => (f.config.roots = [])],
  ['key-changed SECRET_KEY aa 00', (f) => (f.config.fingerprints['SECRET_KEY'] = '00')],
  ['key-gone EDMS_MASTER_KEY bb gone', (f) => delete f.config.fingerprints['EDMS_MASTER_KEY']],
  [
    'certificate-changed certificates/server.crt dd 00',
    (f) => (f.config.certificates[0]!.fingerprint = '00'),
  ],
  ['certificate-gone certificates/server.crt dd gone', (f) => (f.config.certificates = [])],
  ['instance-changed database 7300000000000000001 2', (f) => (f.database.systemIdentifier = '2')],
  ['database-changed database edms copy', (f) => (f.database.database = 'copy')],
];

describe('H7 H9 H10: compared with the last backup', () => {
  test('the same again is no change', () =>
    assert.deepEqual(
      changed(() => {}),
      [],
    ));

  for (const [said, mutate] of MUTATIONS) {
    test(`seen: ${said}`, () => assert.deepEqual(words(changed(mutate)), [said]));
  }

  test('what grows, what is new, and a value that is no key are no changes', () => {
    const changes = changed((facts) => {
      facts.database.rowsByTable['public.documents'] = 70;
      facts.database.rowsByTable['public.new'] = 1;
      facts.config.fingerprints['DEBUG'] = '00';
      facts.config.fingerprints['NEW_KEY'] = '00';
    });
    assert.deepEqual(changes, []);
  });

  test('a role that may no longer ask for the identifier is no other instance', () => {
    assert.deepEqual(
      changed((facts) => (facts.database.systemIdentifier = '')),
      [],
    );
  });

  test('a backup of some components is compared in these, and says nothing of the others', () => {
    const facts = good();
    facts.config.fingerprints['SECRET_KEY'] = '00';
    const { snapshots } = manifest(facts);
    const config = snapshots.filter(({ component }) => component === 'config');
    const unaccepted = { ...manifest(good()), changes: changed((f) => (f.files.roots[0]!.files = 0)) };
    assert.deepEqual(words(changesSince(unaccepted as Manifest, config, [])), [
      'key-changed SECRET_KEY aa 00',
    ]);
  });

  test('a queue that may turn empty does so quietly, and is still missed when it is gone', () => {
    const empty = (facts: Facts) => (facts.database.rowsByTable['public.documents'] = 0);
    assert.deepEqual(changed(empty, manifest(good()), ['documents']), []);
    const gone = (facts: Facts) => delete facts.database.rowsByTable['public.documents'];
    assert.equal(changed(gone, manifest(good()), ['public.documents']).length, 1);
  });

  test('a change that nobody accepted is said again, with the backup that last had it right', () => {
    const emptied = good();
    emptied.database.rowsByTable['public.beat_periodictask'] = 0;
    const changes = [...changesSince(manifest(good()), manifest(emptied).snapshots, [])];
    const second = manifest(emptied, { backupId: 'second', changes });
    const again = changesSince(second, manifest(emptied).snapshots, []);
    assert.deepEqual(again, changes);
    assert.equal(again[0]!.since, 'first');
    assert.deepEqual(
      changed(() => {}, second),
      [],
      'undone, it is not said any more',
    );
    const accepted = { ...second, changesAcceptedBy: 'anna' };
    assert.deepEqual(changesSince(accepted, manifest(emptied).snapshots, []), []);
  });
});

describe('what a change does', () => {
  const specOf = (changes: 'warn' | 'refuse') =>
    specSchema.parse({ deployment: 'records', database: { url: { env: 'DB' } }, policy: { changes } });
  const compare = (
    mutate: (facts: Facts) => void,
    policy: 'warn' | 'refuse',
    acceptedBy: string | undefined,
  ) => {
    const facts = good();
    mutate(facts);
    const { snapshots } = manifest(facts);
    return compareWithLast({ spec: specOf(policy), previous: manifest(good()), snapshots, acceptedBy });
  };
  const newKeys = (facts: Facts) => {
    facts.config.fingerprints = { SECRET_KEY: '01', EDMS_MASTER_KEY: '02', DEBUG: 'cc' };
  };
  const otherServer = (facts: Facts) => void (facts.database.systemIdentifier = '2');

  test('H7: new keys are said, and refused where the policy says so, all at once', () => {
    assert.equal(compare(newKeys, 'warn', undefined).changes?.length, 2);
    assert.throws(
      () => compare(newKeys, 'refuse', undefined),
      (error: { code: string; problems: readonly unknown[]; remedy: string }) =>
        error.code === 'CHANGED_SINCE_LAST' &&
        error.problems.length === 2 &&
        error.remedy.includes('holdfast backup records --accept-changes'),
    );
    assert.equal(compare(newKeys, 'refuse', 'anna').changesAcceptedBy, 'anna');
  });

  test('H10: another instance is refused by any policy until somebody accepts it', () => {
    assert.throws(() => compare(otherServer, 'warn', undefined), { code: 'CHANGED_SINCE_LAST' });
    assert.equal(compare(otherServer, 'warn', 'anna').changes?.length, 1);
    const ask = (systemIdentifier: string, accepted: boolean) =>
      requireSameInstance({
        deployment: 'records',
        previous: manifest(good()),
        database: { systemIdentifier, database: 'edms' },
        accepted,
      });
    assert.throws(() => ask('2', false), { code: 'CHANGED_SINCE_LAST' });
    ask('2', true);
    ask('7300000000000000001', false);
  });

  test('the first backup is compared with nothing', () => {
    const first = { spec: specOf('refuse'), previous: undefined, acceptedBy: undefined };
    assert.deepEqual(compareWithLast({ ...first, snapshots: manifest(good()).snapshots }), {});
  });
});
