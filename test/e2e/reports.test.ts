import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseDocument } from 'yaml';
import { sha256 } from '#libs/kernel/ids.ts';
import { commands } from '#services/operator/cli/commands/all.ts';
import { declareWorld, startHoldfast, type RunningStack } from '#test/demo/holdfast-scheme.ts';
import { createWorld, stopEdms, type World } from '#test/demo/world.ts';
import { knownLines, wordsOf } from './known-lines.ts';

/** One world and one stack for all: each test goes on where the one before ended. */
let folder: string;
let world: World;
let stack: RunningStack;
let name: string;
let firstSecret: string;
const owned = new AsyncDisposableStack();

interface Change {
  readonly kind: string;
  readonly subject: string;
}
interface Line {
  readonly category: string;
  readonly records: number;
  readonly backupRecords: number;
  readonly status: string;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-reports-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  world = owned.use(
    await createWorld({ folder, scale: 'seed', rows: 0, files: 0, seed: 1, onNote: () => {} }),
  );
  const home = join(folder, 'home');
  // In one process: what is reported, and every command of the runbook, is the same.
  stack = owned.use(
    await startHoldfast({ home, store: join(folder, 'store'), env: world.environment, inline: true }),
  );
  name = await declareWorld(stack, world);
  await declareMore({ contacts: ['Anna, +49 30 1234'] });
});
after(() => owned.disposeAsync());

describe('reports', () => {
  test('F38: coverage lists the categories of the analysis from live data; without a backup nothing is covered', async () => {
    const lines = await coverage(3);
    for (const category of ANALYSIS) lineOf(lines, category);
    const empty = ANALYSIS.filter((category) => lineOf(lines, category).records === 0);
    assert.deepEqual(empty, ['system configuration'], 'the seed state has rows of all but one');
    assert.deepEqual(new Set(lines.map(({ status }) => status)), new Set(['not-covered']));
  });

  test('F38: after a backup every category is covered, with the numbers of the live system', async () => {
    assert.deepEqual(await backup(0), [], 'the first is compared with nothing');
    const lines = await coverage(0);
    const open = lines.filter(({ status }) => !['covered', 'behind', 'none'].includes(status));
    assert.deepEqual(open, []);
    assert.equal(lineOf(lines, 'scheduled tasks').records, rowsOf('beat|schedul|task'));
    assert.equal(lineOf(lines, 'migration state').records, rowsOf('^django_migrations$'));
    assert.equal(lineOf(lines, 'sessions').records, rowsOf('^django_session$'));
  });

  test('H9 H7: an emptied table, a changed key and a removed certificate are said by the next backup, which is good', async () => {
    sql('DELETE FROM django_celery_beat_periodictask');
    firstSecret = await changeVariable('SECRET_KEY');
    await rm(join(world.app, 'certificates', 'server.crt'));
    const lines = await coverage(0);
    assert.equal(lineOf(lines, 'scheduled tasks').status, 'fewer');
    const { answer: looked } = await stack.holdfast.say('doctor');
    const said = (looked['findings'] as { message: string }[]).map(({ message }) => message);
    assert.ok(
      said.some((message) => /changed since the last backup: .*SECRET_KEY/.test(message)),
      said.join('\n'),
    );
    assert.ok(said.some((message) => message.startsWith('SAME DEVICE')));
    assert.ok(said.some((message) => /^RPO observed \d/.test(message)));
    assert.deepEqual((await backup(0)).toSorted(), CHANGED);
  });

  test('H7: where the policy refuses changes, nothing is committed until somebody accepts all of them', async () => {
    await declareMore({ 'policy.changes': 'refuse' });
    await changeVariable('EDMS_MASTER_KEY');
    const before = await committed();
    const { answer } = await stack.holdfast.expect(5, 'backup', name);
    const { error } = answer['run'] as { error: { code: string; remedy: string; problems: Change[] } };
    assert.equal(error.code, 'CHANGED_SINCE_LAST');
    assert.ok(error.remedy.includes(`holdfast backup ${name} --accept-changes`));
    const subjects = error.problems.map(({ subject }) => subject).toSorted();
    const wanted = [...CHANGED, 'key-changed EDMS_MASTER_KEY'].map((change) => change.split(' ')[1]!);
    assert.deepEqual(subjects, wanted.toSorted(), 'yesterday’s, which nobody accepted, and today’s');
    assert.equal((await committed()).length, before.length);
    assert.equal((await backup(0, '--accept-changes')).length, 4);
    assert.equal((await committed())[0]!.manifest.changesAcceptedBy, 'operator');
  });

  test('F16: drift by name, first seen and versions, and no value', async () => {
    const { answer } = await stack.holdfast.expect(0, 'vault', 'drift', name);
    const drifts = answer['drifts'] as {
      name: string;
      kind: string;
      oldVersion: number;
      newVersion: number;
      firstSeen: string;
    }[];
    const [, second] = (await committed()).toReversed();
    const secret = drifts.find((drift) => drift.name === 'SECRET_KEY')!;
    assert.deepEqual([secret.kind, secret.oldVersion, secret.newVersion], ['changed', 1, 2]);
    assert.ok(second!.mark.startsWith(secret.firstSeen));
    const master = drifts.find((drift) => drift.name === 'EDMS_MASTER_KEY')!;
    assert.deepEqual([master.oldVersion, master.newVersion], [1, 3]);
    assert.equal(drifts.length, 3, 'with the certificate, and nothing else');
    assert.equal(JSON.stringify(answer).includes(firstSecret), false);
  });

  test('F33: the ledger has who read which value, and why, and every change', async () => {
    const reason = 'audit of the ledger';
    await stack.holdfast.expect(
      0,
      'vault',
      'get',
      name,
      join(world.app, '.env'),
      'SECRET_KEY',
      '--reason',
      reason,
    );
    const { answer } = await stack.holdfast.expect(0, 'vault', 'ledger', name);
    const entries = answer['entries'] as { what: string; who: string; name: string; detail: string }[];
    const [released, ...more] = entries.filter(({ what }) => what === 'released');
    assert.deepEqual([released!.who, released!.name, more.length], ['operator', 'SECRET_KEY', 0]);
    assert.ok(released!.detail.endsWith(reason));
    assert.equal(entries.filter(({ what }) => what === 'read').length, 3, 'each backup read it');
    assert.equal(entries.filter(({ what }) => what === 'changed').length, 2);
  });

  test('F35 F37: evidence tells schedules, verdicts, changes and releases over a log whose chain holds', async () => {
    const { answer } = await stack.holdfast.expect(0, 'report', 'evidence', name, '--from', '2020-01-01');
    const evidence = answer['evidence'] as Evidence;
    const tasks = evidence.backups.map(({ scheduledTasks }) => scheduledTasks);
    assert.equal(tasks.length, 3);
    assert.equal(tasks[2]! - tasks[1]!, 5, 'five rows of periodic tasks went');
    assert.deepEqual(
      evidence.verdicts.map(({ ok }) => ok),
      [true, true, true],
    );
    assert.equal(evidence.changes.length, 3 + 4);
    assert.equal(evidence.releases.length, 1);
    const log = join(folder, 'store', 'deployments', name, 'log');
    const last = join(log, (await readdir(log)).toSorted().at(-1)!);
    assert.equal(evidence.log.headDigest, sha256(await readFile(last)));
    const none = await stack.holdfast.expect(0, 'report', 'evidence', name, '--to', '2020-01-01');
    assert.equal((none.answer['evidence'] as Evidence).backups.length, 0);
  });

  test('F35: evidence over a log that was changed is refused', async () => {
    const entry = join(folder, 'store', 'deployments', name, 'log', '0000000001.json');
    const bytes = await readFile(entry, 'utf8');
    await rm(entry);
    await writeFile(entry, bytes.replace('"n":1', '"n":1,"x":1'));
    const { exit, answer } = await stack.holdfast.say('report', 'evidence', name);
    await rm(entry);
    await writeFile(entry, bytes);
    assert.deepEqual([exit, (answer['error'] as { code: string }).code], [4, 'JOURNAL_BROKEN']);
  });

  test('F36: the runbook has this deployment’s names, and each of its command lines is one', async () => {
    const { page, lines } = await runbook();
    for (const part of [name, 'Anna, +49 30 1234', world.app, '## Break glass', '- backup: **'])
      assert.ok(page.includes(part), part);
    assert.ok(lines.length > 12, `only ${lines.length} lines were read`);
    const known = knownLines(commands);
    assert.equal(await known('holdfast no-such-command'), false);
    assert.equal(await known(`holdfast restore ${name} --no-such-option`), false);
    const understood = await Promise.all(lines.map(known));
    assert.deepEqual(
      lines.filter((_, at) => !understood[at]),
      [],
    );
    const reading = [...new Set(lines.filter((line) => line.endsWith('# looks only')))];
    assert.ok(reading.length >= 5);
    for (const line of reading) await stack.holdfast.expect(0, ...wordsOf(line.replace(/^holdfast /, '')));
  });

  test('F36: the restores, the rollback and the release of the runbook do what it says', async () => {
    const { page, lines } = await runbook();
    const copy = page.slice(page.indexOf('## Copy for'), page.indexOf('## After a restore'));
    assert.ok(copy.includes(`holdfast restore ${name} --to TARGET\n`) && !copy.includes('node holdfast.mjs'));
    const acts = lines.filter(
      (line) => /^holdfast (restore|rollback|release) /.test(line) && !/TARGET|looks only/.test(line),
    );
    const { answer } = await stack.holdfast.expect(0, 'files', 'list', name);
    const listed = answer['files'] as { root: string; kind: string; path: string }[];
    // What starts and stops the application is not in question here, and would take most of the time.
    await stopEdms(world);
    await declareMore({ hooks: {}, checks: [] });
    const { path } = listed.find(({ root, kind }) => root === 'storage' && kind === 'file')!;
    const file = join(world.app, 'storage', path);
    const seen: string[] = [];
    for (const line of acts) {
      if (line.startsWith('holdfast restore ')) {
        sql(`UPDATE documents SET title = 'damaged'`);
        await rm(file, { force: true });
      }
      await stack.holdfast.expect(0, ...wordsOf(line.replace(/^holdfast /, '')), '--yes');
      const damaged = Number(sql(`SELECT count(*) FROM documents WHERE title = 'damaged'`));
      seen.push(`${line}: ${damaged === 0 ? 'rows' : 'no rows'}, ${existsSync(file) ? 'file' : 'no file'}`);
    }
    assert.deepEqual(seen, [
      `holdfast restore ${name}: rows, file`,
      `holdfast restore ${name} --only database --backup latest: rows, no file`,
      `holdfast restore ${name} --only files: no rows, file`,
      `holdfast rollback ${name}: no rows, no file`,
      `holdfast release ${name}: no rows, no file`,
    ]);
    assert.equal(sql(`SELECT datname FROM pg_database WHERE datname ~ '_kept_'`, 'postgres'), '');
  });

  test('H10: another database under the same name of a secret is refused before a byte of it is copied', async () => {
    await stopEdms(world);
    sql(`CREATE DATABASE edms_copy TEMPLATE ${world.database}`, 'postgres');
    const file = join(stack.home, 'services.env');
    const secrets = await readFile(file, 'utf8');
    await writeFile(file, secrets.replaceAll(/\/edms(?=[?'"\s])/g, '/edms_copy'));
    const { answer } = await stack.holdfast.expect(4, 'backup', name);
    const { error, steps } = answer['run'] as {
      error: { code: string; problems: Change[] };
      steps: { name: string; state: string }[];
    };
    assert.equal(error.code, 'CHANGED_SINCE_LAST');
    assert.deepEqual(
      error.problems.map(({ subject }) => subject),
      ['database'],
    );
    assert.equal(steps.find((step) => step.name === 'database')!.state, 'waiting');
    assert.equal((await committed()).length, 3);
  });
});

const ANALYSIS = [
  'user management',
  'documents',
  'workflows',
  'audit trail',
  'security',
  'system configuration',
  'scheduled tasks',
  'migration state',
  'sessions',
  'files',
  'environment',
  'certificates',
  'logs',
];
const CHANGED = [
  'certificate-gone certificates/server.crt',
  'key-changed SECRET_KEY',
  'table-emptied public.django_celery_beat_periodictask',
];

interface Evidence {
  readonly backups: readonly { readonly scheduledTasks: number }[];
  readonly verdicts: readonly { readonly ok: boolean }[];
  readonly changes: readonly unknown[];
  readonly releases: readonly unknown[];
  readonly log: { readonly headDigest: string };
}

/** Writes another value; returns the one that was there. */
async function changeVariable(variable: string): Promise<string> {
  const file = join(world.app, '.env');
  const text = await readFile(file, 'utf8');
  const line = new RegExp(`^${variable}=(.*)$`, 'm');
  await writeFile(file, text.replace(line, `${variable}=another-value-of-${variable.toLowerCase()}`));
  return line.exec(text)![1]!.replaceAll(/["']/g, '');
}

async function runbook(): Promise<{ page: string; lines: readonly string[] }> {
  const { answer } = await stack.holdfast.expect(0, 'report', 'runbook', name);
  const page = answer['markdown'] as string;
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)];
  return { page, lines: blocks.flatMap(([, block]) => block!.trim().split('\n')) };
}

async function committed() {
  const { answer } = await stack.holdfast.expect(0, 'backups', 'list', name);
  return answer['backups'] as readonly { mark: string; manifest: { changesAcceptedBy?: string } }[];
}

/** Rows of all tables whose name fits, by another way than the product's. */
function rowsOf(pattern: string): number {
  return Number(
    sql(`SELECT sum((xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I.%I', schemaname, tablename),
      false, true, '')))[1]::text::int) FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '${pattern}'`),
  );
}

async function declareMore(keys: Record<string, unknown>): Promise<void> {
  const file = join(stack.home, 'deployments', `${name}.yaml`);
  const spec = parseDocument(await readFile(file, 'utf8'));
  for (const [key, value] of Object.entries(keys)) spec.setIn(key.split('.'), spec.createNode(value));
  await writeFile(file, String(spec));
  await stack.holdfast.expect(0, 'init', '--spec', file);
}

async function backup(exit: number, ...words: string[]): Promise<readonly string[]> {
  const { answer } = await stack.holdfast.expect(exit, 'backup', name, ...words);
  const { manifest } = answer['backup'] as { manifest: { changes?: readonly Change[] } };
  return (manifest.changes ?? []).map(({ kind, subject }) => `${kind} ${subject}`);
}

async function coverage(exit: number): Promise<readonly Line[]> {
  const { answer } = await stack.holdfast.expect(exit, 'report', 'coverage', name);
  return answer['categories'] as readonly Line[];
}

function lineOf(lines: readonly Line[], category: string): Line {
  const line = lines.find((candidate) => candidate.category === category);
  assert.ok(line !== undefined, `no line for ${category}`);
  return line;
}

function sql(statement: string, database = world.database): string {
  const url = world.postgres.url(database);
  return execFileSync(
    join(world.postgres.bin, 'psql'),
    ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', statement],
    {
      encoding: 'utf8',
    },
  ).trim();
}
