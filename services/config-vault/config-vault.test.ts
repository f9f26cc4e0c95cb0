import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StagedTrees } from '#libs/contracts/requests.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { deploymentLog } from '#libs/saga/log.ts';
import { preflight } from './rpc/preflight.ts';
import { listVersions } from './rpc/list-versions.ts';
import { releaseValue } from './rpc/release-value.ts';
import { call, ENV, openScene } from './fixtures/scene.ts';

const QUESTION = {
  deployment: 'edms',
  specVersion: 1,
  relocationJson: '',
  snapshotDeployment: 'edms',
  snapshotId: '',
  snapshotDigest: '',
};
const codes = (problems: readonly Problem[]) => problems.map(({ code, subject }) => `${code} ${subject}`);

function makeCertificate(folder: string, name: string): void {
  const subject = ['-subj', `/CN=${name}.example`];
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const plain = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...files, ...subject, ...plain], { stdio: 'ignore' });
}

test('facts tell variables, certificates and programs apart, and no value', async () => {
  await using scene = await openScene();
  makeCertificate(join(scene.folder, 'tls'), 'right');
  mkdirSync(join(scene.folder, 'tls', 'wrong'));
  makeCertificate(join(scene.folder, 'tls', 'wrong'), 'one');
  makeCertificate(join(scene.folder, 'tls', 'wrong'), 'two');
  rmSync(join(scene.folder, 'tls', 'wrong', 'one.key'));
  rmSync(join(scene.folder, 'tls', 'wrong', 'two.pem'));
  writeFileSync(
    join(scene.folder, 'tls', 'odd.pem'),
    '-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----',
  );
  const taken = await scene.take();
  const facts = taken.facts as unknown as ConfigFacts;
  assert.deepEqual(Object.keys(facts.fingerprints), ['SECRET_KEY', 'DEBUG', 'EMPTY', 'PEM']);
  assert.match(facts.fingerprints['SECRET_KEY']!, /^[0-9a-f]{16}$/);
  assert.deepEqual(facts.missingVariables, ['EMPTY', 'ABSENT']);
  assert.deepEqual(
    facts.certificates.map(({ path, subject, keyMatches }) => [path, subject, keyMatches]),
    [
      ['tls/right.pem', 'CN=right.example', true],
      ['tls/wrong/one.pem', 'CN=one.example', false],
    ],
  );
  assert.ok(Date.parse(facts.certificates[0]!.notAfter) > Date.now());
  assert.deepEqual(
    facts.runtime.map(({ name, found }) => [name, found]),
    [
      ['node', true],
      ['no-such-program', false],
    ],
  );
  assert.match(facts.runtime[0]!.version, /^v\d+/);
  assert.equal(JSON.stringify(taken).includes('s3cr3t'), false);
});

test('env file and tree are switched and put back byte for byte', async () => {
  await using scene = await openScene();
  writeFileSync(join(scene.folder, 'tls', 'key'), 'old key');
  const { snapshot } = await scene.take();
  writeFileSync(join(scene.folder, '.env'), 'SECRET_KEY=other\n');
  writeFileSync(join(scene.folder, 'tls', 'key'), 'other key');
  const staged = (await scene.step('StageRestore', { snapshot } as Json)) as StagedTrees;
  assert.equal(readFileSync(join(scene.folder, '.env'), 'utf8'), 'SECRET_KEY=other\n');
  await scene.step('PivotRestore', { staged } as Json);
  assert.equal(readFileSync(join(scene.folder, '.env'), 'utf8'), ENV);
  assert.equal(readFileSync(join(scene.folder, 'tls', 'key'), 'utf8'), 'old key');
  await scene.step('UndoPivot', { staged } as Json);
  assert.equal(readFileSync(join(scene.folder, '.env'), 'utf8'), 'SECRET_KEY=other\n');
  await scene.step('DiscardStage', {});
  assert.equal(existsSync(join(scene.folder, '.holdfast')), false);
});

test('a pivot that names places of another run is refused', async () => {
  await using scene = await openScene();
  const staged = { component: 'config', stage: `${'ef'.repeat(16)}.1.1`, roots: [] };
  await assert.rejects(scene.step('PivotRestore', { staged }), { code: 'STAGE_GONE' });
});

test('preflight lists every problem at once', async () => {
  await using scene = await openScene();
  rmSync(join(scene.folder, '.env'));
  rmSync(join(scene.folder, 'tls'), { recursive: true });
  const answer = await preflight({ ...QUESTION, purpose: 'PURPOSE_BACKUP' }, call, scene.ports);
  assert.deepEqual(codes(answer.problems), [`ROOT_MISSING env:${scene.folder}/.env`, 'ROOT_MISSING tls']);
  assert.deepEqual(codes(answer.warnings), [
    'VARIABLE_MISSING SECRET_KEY',
    'VARIABLE_MISSING EMPTY',
    'VARIABLE_MISSING ABSENT',
  ]);
});

test('preflight of a restore names variables the snapshot lacks', async () => {
  await using scene = await openScene();
  const { snapshot } = await scene.take();
  const request = {
    deployment: 'edms',
    specVersion: 1,
    relocationJson: '',
    snapshotDeployment: 'edms',
    snapshotId: snapshot.id,
    snapshotDigest: snapshot.digest,
  };
  const answer = await preflight({ ...request, purpose: 'PURPOSE_RESTORE' }, call, scene.ports);
  assert.deepEqual(codes(answer.problems), ['VARIABLE_MISSING EMPTY', 'VARIABLE_MISSING ABSENT']);
  assert.deepEqual(codes(answer.warnings), []);
  assert.equal(existsSync(join(scene.folder, '.holdfast')), false, 'the probe leaves nothing');
});

test('a value leaves only when its release is in the log, with who, what and why', async () => {
  await using scene = await openScene();
  const { snapshot } = await scene.take();
  const file = join(scene.folder, '.env');
  const request = { deployment: 'edms', snapshotId: snapshot.id, file, name: 'SECRET_KEY', reason: 'lost' };
  const entries = async () => (await deploymentLog(scene.store, 'edms').refresh()).map(({ event }) => event);
  const failing = {
    ...scene.ports,
    vault: { ...scene.ports.vault, recordRelease: () => Promise.reject(new Error('away')) },
  };
  await assert.rejects(releaseValue(request, call, failing), /away/);
  await assert.rejects(releaseValue({ ...request, name: 'NONE' }, call, scene.ports), { code: 'NOT_FOUND' });
  await assert.rejects(releaseValue({ ...request, snapshotId: 'none' }, call, scene.ports), {
    code: 'NOT_FOUND',
  });
  await assert.rejects(releaseValue({ ...request, reason: ' ' }, call, scene.ports), {
    code: 'MESSAGE_MALFORMED',
  });
  assert.deepEqual(await entries(), []);
  const released = await releaseValue(request, call, scene.ports);
  assert.equal(released.value.toString(), 's3cr3t # not a comment');
  const [entry] = await entries();
  const { at: _, ...rest } = entry as { at: string };
  assert.deepEqual(rest, {
    kind: 'value-released',
    principal: 'anna',
    snapshot: snapshot.id,
    file,
    name: 'SECRET_KEY',
    reason: 'lost',
  });
  const whole = await releaseValue({ ...request, name: '' }, call, scene.ports);
  assert.equal(whole.value.toString(), ENV);
});

test('versions are listed newest first by fingerprint; equal values have equal ones', async () => {
  await using scene = await openScene();
  await scene.take();
  writeFileSync(join(scene.folder, '.env'), ENV.replace('DEBUG=0', 'DEBUG=1'));
  chmodSync(join(scene.folder, '.env'), 0o600);
  const newest = await scene.take();
  const { versions } = await listVersions({ deployment: 'edms' }, call, scene.ports);
  assert.equal(versions.length, 2);
  assert.equal(versions[0]!.snapshotId, newest.snapshot.id);
  const of = (index: number, name: string) =>
    versions[index]!.values.find((value) => value.name === name)!.fingerprint;
  assert.equal(of(0, 'SECRET_KEY'), of(1, 'SECRET_KEY'));
  assert.notEqual(of(0, 'DEBUG'), of(1, 'DEBUG'));
  assert.notEqual(of(0, ''), of(1, ''));
  assert.equal(JSON.stringify(versions).includes('s3cr3t'), false);
});

test('variables of any name are noted, and an env file as large as it may be is read whole', async () => {
  await using scene = await openScene();
  const hostile = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'SECRET_KEY', 'A'.repeat(300)];
  const text = hostile.map((name) => `${name}=v-${name}\n`).join('');
  writeFileSync(join(scene.folder, '.env'), `${text}#${'x'.repeat(256 * 1024 - text.length - 2)}\n`);
  const { problems } = await preflight({ ...QUESTION, purpose: 'PURPOSE_BACKUP' }, call, scene.ports);
  assert.deepEqual(problems, []);
  const facts = (await scene.take()).facts as unknown as ConfigFacts;
  assert.deepEqual(Object.keys(facts.fingerprints), hostile);
  assert.equal(new Set(Object.values(facts.fingerprints)).size, hostile.length);
});

test('a giant env file is refused with its name, and never read into memory', async () => {
  await using scene = await openScene();
  const path = join(scene.folder, '.env');
  truncateSync(path, 64 * 2 ** 30);
  const before = process.memoryUsage().rss;
  const { problems } = await preflight({ ...QUESTION, purpose: 'PURPOSE_BACKUP' }, call, scene.ports);
  assert.deepEqual(codes(problems), [`ENV_FILE_TOO_LARGE ${path}`]);
  assert.match(problems[0]!.remedy, /config\.trees/);
  await assert.rejects(scene.ports.envFiles.require(path), { code: 'ENV_FILE_TOO_LARGE' });
  assert.equal(await scene.ports.envFiles.find(path), undefined);
  assert.ok(process.memoryUsage().rss - before < 64 << 20, 'of 64 GiB');
});
