import assert from 'node:assert/strict';
import type { Fields, Refusal } from './outside-client.ts';
import { RUNS, type DoorScene, type Drive } from './scene.ts';

const AREA = 'holdfast.coordinator.v1';
const DEPLOYMENTS = `${AREA}.DeploymentService`;
const BACKUPS = `${AREA}.BackupService`;
const RESTORES = `${AREA}.RestoreService`;
const REPORTS = `${AREA}.ReportService`;
const TRIALS = `${AREA}.TrialService`;
const STORES = `${AREA}.StoreService`;
const PREFLIGHT = 'holdfast.component.v1.ComponentService/Preflight';
const DESCRIBE = 'holdfast.database.v1.DatabaseService/DescribeSnapshot';
const FILES = 'holdfast.files.v1.FileService';
const VAULT = 'holdfast.vault.v1.VaultService';
const VERDICTS = 'holdfast.verify.v1.VerifyService/ListVerdicts';
const NOWHERE = 'nowhere';

const is = (refused: Refusal, code: string, reason: string) =>
  assert.deepEqual([refused.code, refused.reason], [code, reason], refused.message);

/** What each method must do, by its name; in an order in which each finds what it speaks of. */
export const drives: Readonly<Record<string, Drive>> = {
  async [`${DEPLOYMENTS}/GetDeployment`](door) {
    const found = await door.answer(`${DEPLOYMENTS}/GetDeployment`, { deployment: door.deployment });
    assert.equal(found['deployment'], door.deployment);
    assert.match(found['spec_yaml'], /^deployment: /m);
    const refused = await door.refusal(`${DEPLOYMENTS}/GetDeployment`, { deployment: NOWHERE });
    is(refused, 'NOT_FOUND', 'DEPLOYMENT_NOT_FOUND');
    assert.deepEqual(refused.metadata, { deployment: NOWHERE });
    assert.match(refused.remedy, /holdfast init/);
  },

  async [`${DEPLOYMENTS}/DeclareDeployment`](door) {
    const { deployment } = door;
    const known = await door.answer(`${DEPLOYMENTS}/GetDeployment`, { deployment });
    const again = await door.answer(`${DEPLOYMENTS}/DeclareDeployment`, { spec_yaml: known['spec_yaml'] });
    assert.equal(again['spec_version'], known['spec_version']);
    const spec_yaml = `deployment: records\ndatabase: 5\nfilez: {}\n`;
    const refused = await door.refusal(`${DEPLOYMENTS}/DeclareDeployment`, { spec_yaml });
    is(refused, 'INVALID_ARGUMENT', 'SPEC_INVALID');
    assert.ok(refused.subjects.length >= 2, 'every problem at once');
  },

  async [`${DEPLOYMENTS}/ListDeployments`](door) {
    const { deployments } = await door.answer(`${DEPLOYMENTS}/ListDeployments`, {});
    assert.deepEqual(
      deployments.map((each: Fields) => each['deployment']),
      [door.deployment],
    );
  },

  async [`${BACKUPS}/StartBackup`](door) {
    const { deployment } = door;
    const run = await startedOnce(door, `${BACKUPS}/StartBackup`, { deployment });
    assert.equal(run['state'], 'completed');
    for (const component of ['config', 'files'])
      await backUp(door, { deployment, components: [component], request_id: `front-door-${component}` });
    is(
      await door.refusal(`${BACKUPS}/StartBackup`, {
        deployment,
        request_id: 'other-parts',
        components: ['moon'],
      }),
      'INVALID_ARGUMENT',
      'MESSAGE_MALFORMED',
    );
    await refusesUnknownDeployment(door, `${BACKUPS}/StartBackup`);
  },

  async [`${BACKUPS}/GetBackup`](door) {
    const { deployment } = door;
    const newest = await door.answer(`${BACKUPS}/GetBackup`, { deployment, backup_id: 'latest' });
    assert.deepEqual(newest['components'], ['database', 'files', 'config']);
    assert.equal(newest['completeness'], 'complete');
    const { backup_id } = newest;
    assert.deepEqual(await door.answer(`${BACKUPS}/GetBackup`, { deployment, backup_id }), newest);
    for (const odd of ['20200101T000000Z-00000000', 'no-id'])
      is(
        await door.refusal(`${BACKUPS}/GetBackup`, { deployment, backup_id: odd }),
        'NOT_FOUND',
        'BACKUP_NOT_FOUND',
      );
  },

  async [`${BACKUPS}/ListBackups`](door) {
    const { deployment } = door;
    await pagesAreStable(door, `${BACKUPS}/ListBackups`, 'backups', 'backup_id');
    await refusesBadPage(door, `${BACKUPS}/ListBackups`);
    is(
      await door.refusal(`${BACKUPS}/ListBackups`, { deployment: NOWHERE }),
      'NOT_FOUND',
      'DEPLOYMENT_NOT_FOUND',
    );
    assert.ok((await door.answer(`${BACKUPS}/ListBackups`, { deployment }))['backups'].length >= 3);
  },

  async [`${BACKUPS}/HoldBackup`](door) {
    const { deployment } = door;
    const { backup_id } = await door.answer(`${BACKUPS}/GetBackup`, { deployment });
    const hold = (reason: string) => door.answer(`${BACKUPS}/HoldBackup`, { deployment, backup_id, reason });
    assert.equal((await hold('front door'))['held_because'], 'front door');
    assert.equal((await hold('another reason'))['held_because'], 'front door');
    const asked = { deployment, backup_id: 'no-id', reason: 'front door' };
    is(await door.refusal(`${BACKUPS}/HoldBackup`, asked), 'NOT_FOUND', 'BACKUP_NOT_FOUND');
    const unsaid = await door.refusal(`${BACKUPS}/HoldBackup`, { deployment, backup_id });
    is(unsaid, 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
    assert.equal(unsaid.metadata['field'], 'reason');
  },

  async [`${BACKUPS}/GiveUpBackup`](door) {
    const { deployment } = door;
    const newest = await door.answer(`${BACKUPS}/GetBackup`, { deployment, backup_id: 'latest' });
    const { backup_id } = newest;
    const give = (fields: Fields) =>
      door.refusal(`${BACKUPS}/GiveUpBackup`, { deployment, backup_id, reason: 'front door', ...fields });
    is(await give({}), 'FAILED_PRECONDITION', 'REFUSED');
    is(await give({ deployment: NOWHERE }), 'NOT_FOUND', 'BACKUP_NOT_FOUND');
    is(await give({ reason: '' }), 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
  },

  async [`${BACKUPS}/LiftHold`](door) {
    const { deployment } = door;
    const { backup_id, held_because } = await door.answer(`${BACKUPS}/GetBackup`, { deployment });
    assert.equal(held_because, 'front door');
    for (let times = 0; times < 2; times += 1) {
      const lifted = await door.answer(`${BACKUPS}/LiftHold`, { deployment, backup_id });
      assert.equal(lifted['held_because'], '');
    }
    const asked = { deployment, backup_id: 'no-id' };
    is(await door.refusal(`${BACKUPS}/LiftHold`, asked), 'NOT_FOUND', 'BACKUP_NOT_FOUND');
  },

  async [`${BACKUPS}/PlanPrune`](door) {
    const { deployment } = door;
    const { choices } = await door.answer(`${BACKUPS}/PlanPrune`, { deployment });
    const { backups } = await door.answer(`${BACKUPS}/ListBackups`, { deployment });
    assert.deepEqual(
      choices.map(({ backup_id }: Fields) => backup_id),
      backups.map(({ backup_id }: Fields) => backup_id),
    );
    assert.ok(choices.every(({ kept, reasons }: Fields) => kept && reasons.length > 0));
    const nowhere = await door.refusal(`${BACKUPS}/PlanPrune`, { deployment: NOWHERE });
    is(nowhere, 'NOT_FOUND', 'DEPLOYMENT_NOT_FOUND');
  },

  async [`${BACKUPS}/StartPrune`](door) {
    const { deployment } = door;
    const before = await door.answer(`${BACKUPS}/ListBackups`, { deployment });
    const run = await startedOnce(door, `${BACKUPS}/StartPrune`, { deployment });
    assert.equal(run['state'], 'completed');
    // Without policy.keep nothing is forgotten.
    assert.deepEqual(await door.answer(`${BACKUPS}/ListBackups`, { deployment }), before);
    await refusesUnknownDeployment(door, `${BACKUPS}/StartPrune`);
  },

  async [`${AREA}.TriggerService/FindTrigger`](door) {
    const { deployment } = door;
    const asked = { deployment, source: '/ops', id: 'never-sent' };
    assert.equal((await door.answer(`${AREA}.TriggerService/FindTrigger`, asked))['state'], 'unknown');
    is(
      await door.refusal(`${AREA}.TriggerService/FindTrigger`, { ...asked, deployment: NOWHERE }),
      'NOT_FOUND',
      'DEPLOYMENT_NOT_FOUND',
    );
  },

  async [`${REPORTS}/ReadLog`](door) {
    const { deployment } = door;
    const log = await door.answer(`${REPORTS}/ReadLog`, { deployment });
    assert.equal(log['entries'].length, log['total']);
    assert.match(log['head_digest'], /^[0-9a-f]{64}$/);
    assert.ok(log['entries'].some(({ kind }: Fields) => kind === 'committed'));
    const none = await door.answer(`${REPORTS}/ReadLog`, { deployment, to: '2001-01-01T00:00:00Z' });
    assert.deepEqual([none['entries'], none['total'] > 0], [[], true]);
    is(
      await door.refusal(`${REPORTS}/ReadLog`, { deployment: NOWHERE }),
      'NOT_FOUND',
      'DEPLOYMENT_NOT_FOUND',
    );
  },

  async [`${REPORTS}/GetCoverage`](door) {
    const { deployment } = door;
    const { problems, lines } = await door.answer(`${REPORTS}/GetCoverage`, {
      deployment,
      backup_id: 'latest',
    });
    assert.deepEqual(problems, []);
    assert.ok(lines.some(({ status }: Fields) => status === 'covered'));
    is(
      await door.refusal(`${REPORTS}/GetCoverage`, { deployment, backup_id: 'no-id' }),
      'NOT_FOUND',
      'BACKUP_NOT_FOUND',
    );
  },

  async [PREFLIGHT](door) {
    const { deployment } = door;
    for (const at of ['db-snapshot', 'file-snapshot', 'config-vault']) {
      const asked = { deployment, spec_version: 1, purpose: 'PURPOSE_BACKUP' };
      assert.deepEqual((await door.answer(PREFLIGHT, asked, { at }))['problems'], [], at);
      const unsaid = await door.refusal(PREFLIGHT, { ...asked, purpose: 'PURPOSE_UNSPECIFIED' }, { at });
      is(unsaid, 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
      assert.equal(unsaid.metadata['field'], 'purpose');
      const newer = Buffer.from([0x18, 0x63]);
      is((await door.doors.get(at)!.callRaw(PREFLIGHT, newer)).refused!, 'UNIMPLEMENTED', 'VERSION_MISMATCH');
    }
  },

  async [DESCRIBE](door) {
    const asked = { deployment: door.deployment, snapshot_id: await snapshotOf(door, 'database') };
    const { tables, mark } = await door.answer(DESCRIBE, asked, { at: 'db-snapshot' });
    const documents = tables.find(({ name }: Fields) => name === 'documents');
    assert.ok(Number(documents.rows) > 0 && Number(documents.bytes) > 0);
    assert.ok(documents.references.some(({ name }: Fields) => name === 'users'));
    assert.match(mark, /^\d{4}-/);
    await refusesUnknownSnapshot(door, DESCRIBE, 'db-snapshot');
  },

  async [`${FILES}/ListFiles`](door) {
    const asked = { deployment: door.deployment, snapshot_id: await snapshotOf(door, 'files') };
    const list = `${FILES}/ListFiles`;
    const where = { at: 'file-snapshot' };
    const { files: all } = await door.answer(list, { ...asked, page_size: 500 }, where);
    const paged: Fields[] = [];
    for (let page_token = ''; ;) {
      const page = await door.answer(list, { ...asked, page_size: 3, page_token }, where);
      paged.push(...page['files']);
      page_token = page['next_page_token'];
      if (page_token === '') break;
    }
    assert.ok(all.length > 3);
    assert.deepEqual(paged, all);
    is(
      await door.refusal(list, { ...asked, page_token: '???' }, where),
      'INVALID_ARGUMENT',
      'MESSAGE_MALFORMED',
    );
    await refusesUnknownSnapshot(door, list, 'file-snapshot');
  },

  async [`${FILES}/FetchFile`](door) {
    const asked = { deployment: door.deployment, snapshot_id: await snapshotOf(door, 'files') };
    const where = { at: 'file-snapshot' };
    const { files } = await door.answer(`${FILES}/ListFiles`, { ...asked, page_size: 500 }, where);
    const file = files.find(({ kind, bytes }: Fields) => kind === 'file' && Number(bytes) > 0);
    const fetch = { ...asked, root: file.root, path: file.path };
    const parts = await Array.fromAsync(door.doors.get(where.at)!.stream(`${FILES}/FetchFile`, fetch));
    assert.equal(Buffer.concat(parts.map((part) => part['content'])).length, Number(file.bytes));
    const gone = await door.refusal(`${FILES}/FetchFile`, { ...fetch, path: 'no/such' }, where);
    is(gone, 'NOT_FOUND', 'NOT_FOUND');
    assert.deepEqual(gone.metadata, { root: file.root, path: 'no/such', reason: 'no such entry' });
    await refusesUnknownSnapshot(door, `${FILES}/FetchFile`, 'file-snapshot');
  },

  async [`${VAULT}/ListVersions`](door) {
    const { deployment } = door;
    const { versions } = await door.answer(`${VAULT}/ListVersions`, { deployment }, { at: 'config-vault' });
    assert.ok(versions.length >= 2);
    assert.ok(versions[0].values.every(({ fingerprint }: Fields) => /^[0-9a-f]{16}$/.test(fingerprint)));
  },

  async [`${VAULT}/ReleaseValue`](door) {
    const { deployment } = door;
    const where = { at: 'config-vault' };
    const { versions } = await door.answer(`${VAULT}/ListVersions`, { deployment }, where);
    const { snapshot_id, values } = versions[0];
    const { file, name } = values.find((each: Fields) => each['name'] !== '');
    const asked = { deployment, snapshot_id, file, name, reason: 'front door' };
    assert.ok((await door.answer(`${VAULT}/ReleaseValue`, asked, where))['value'].length > 0);
    const { entries } = await door.answer(`${REPORTS}/ReadLog`, { deployment });
    assert.equal(entries.at(-1).kind, 'value-released');
    const unsaid = await door.refusal(`${VAULT}/ReleaseValue`, { deployment }, where);
    is(unsaid, 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
    assert.deepEqual(unsaid.subjects, ['snapshotId', 'file', 'reason']);
    await refusesUnknownSnapshot(door, `${VAULT}/ReleaseValue`, 'config-vault', {
      file,
      reason: 'front door',
    });
  },

  async [`${TRIALS}/StartVerify`](door) {
    const { deployment } = door;
    const run = await startedOnce(door, `${TRIALS}/StartVerify`, {
      deployment,
      backup_id: 'latest',
      level: 1,
    });
    assert.equal(run['state'], 'completed');
    is(
      await door.refusal(`${TRIALS}/StartVerify`, {
        deployment,
        backup_id: 'no-id',
        request_id: 'no-such-backup',
      }),
      'NOT_FOUND',
      'BACKUP_NOT_FOUND',
    );
    is(
      await door.refusal(`${TRIALS}/StartVerify`, { deployment, level: 9, request_id: 'no-such-level' }),
      'INVALID_ARGUMENT',
      'MESSAGE_MALFORMED',
    );
    await refusesUnknownDeployment(door, `${TRIALS}/StartVerify`);
  },

  async [`${STORES}/StartReplicate`](door) {
    const { deployment } = door;
    const run = await startedOnce(door, `${STORES}/StartReplicate`, { deployment });
    assert.equal(run['state'], 'completed');
    const { copied, leftOut } = JSON.parse(run['outcome_json']);
    assert.ok(copied > 10);
    assert.deepEqual(leftOut, []);
    await refusesUnknownDeployment(door, `${STORES}/StartReplicate`);
  },

  async [`${STORES}/StartScrub`](door) {
    const { deployment } = door;
    const run = await startedOnce(door, `${STORES}/StartScrub`, { deployment, all: true });
    assert.equal(run['state'], 'completed');
    const { stores, healed } = JSON.parse(run['outcome_json']);
    assert.deepEqual(
      stores.map(({ store, damagedCount }: Fields) => [store, damagedCount]),
      [
        ['first', 0],
        ['second', 0],
      ],
    );
    assert.deepEqual(healed, []);
    await refusesUnknownDeployment(door, `${STORES}/StartScrub`);
  },

  async [VERDICTS](door) {
    const { deployment } = door;
    const { backup_id } = await door.answer(`${BACKUPS}/GetBackup`, { deployment });
    const { verdicts } = await door.answer(VERDICTS, { deployment, backup_id }, { at: 'verifier' });
    assert.ok(verdicts.some(({ ok, level }: Fields) => ok && level === 1));
    const none = await door.answer(VERDICTS, { deployment, backup_id: 'no-id' }, { at: 'verifier' });
    assert.deepEqual(none['verdicts'], []);
  },

  async [`${RESTORES}/PlanRestore`](door) {
    const { deployment } = door;
    const plan = await door.answer(`${RESTORES}/PlanRestore`, { deployment, backup_id: 'latest' });
    assert.deepEqual(plan['problems'], []);
    assert.match(plan['plan_digest'], /^[0-9a-f]{64}$/);
    const again = await door.answer(`${RESTORES}/PlanRestore`, { deployment, backup_id: 'latest' });
    assert.equal(again['plan_digest'], plan['plan_digest']);
    const odd = { deployment, backup_id: 'latest', relocation_json: '{' };
    is(await door.refusal(`${RESTORES}/PlanRestore`, odd), 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
    is(
      await door.refusal(`${RESTORES}/PlanRestore`, { deployment, backup_id: 'no-id' }),
      'NOT_FOUND',
      'BACKUP_NOT_FOUND',
    );
  },

  async [`${RESTORES}/StartRestore`](door) {
    const { deployment } = door;
    await takesTablesOut(door);
    const { backup_id, plan_digest } = await door.answer(`${RESTORES}/PlanRestore`, { deployment });
    const other = { deployment, backup_id, plan_digest: '0'.repeat(64), request_id: 'another-plan' };
    is(await door.refusal(`${RESTORES}/StartRestore`, other), 'FAILED_PRECONDITION', 'PLAN_CHANGED');
    const run = await startedOnce(door, `${RESTORES}/StartRestore`, { deployment, backup_id, plan_digest });
    assert.equal(run['state'], 'completed');
    await planIsStale(door, async () => {
      const asked = { deployment, backup_id, plan_digest };
      const known = { ...asked, request_id: 'front-door StartRestore' };
      assert.deepEqual(await door.answer(`${RESTORES}/StartRestore`, known), run);
      const fresh = { ...asked, request_id: 'a-stale-plan' };
      is(await door.refusal(`${RESTORES}/StartRestore`, fresh), 'FAILED_PRECONDITION', 'PLAN_CHANGED');
    });
    await refusesUnknownDeployment(door, `${RESTORES}/StartRestore`);
  },

  [`${RESTORES}/StartRollback`]: (door) => startKept(door, `${RESTORES}/StartRollback`),

  [`${RESTORES}/StartRelease`]: (door) => startKept(door, `${RESTORES}/StartRelease`),

  async [`${RESTORES}/StartSchedules`](door) {
    const { deployment } = door;
    const asked = { deployment, request_id: 'nothing-is-held' };
    is(await door.refusal(`${RESTORES}/StartSchedules`, asked), 'NOT_FOUND', 'NOT_FOUND');
    await refusesUnknownDeployment(door, `${RESTORES}/StartSchedules`);
  },

  async [`${TRIALS}/StartDrill`](door) {
    const { deployment } = door;
    const run = await startedOnce(door, `${TRIALS}/StartDrill`, { deployment, backup_id: 'random' });
    assert.equal(run['kind'], 'drill');
    assert.notEqual(run['finished_at'], '');
    await refusesUnknownDeployment(door, `${TRIALS}/StartDrill`);
  },

  async [`${RUNS}/GetRun`](door) {
    const { runs } = await door.answer(`${RUNS}/ListRuns`, { deployment: door.deployment });
    const [newest] = runs;
    assert.deepEqual(await door.answer(`${RUNS}/GetRun`, { run_id: newest.run_id }), newest);
    await refusesUnknownRun(door, `${RUNS}/GetRun`);
  },

  async [`${RUNS}/ListRuns`](door) {
    await pagesAreStable(door, `${RUNS}/ListRuns`, 'runs', 'run_id');
    await refusesBadPage(door, `${RUNS}/ListRuns`);
    const { runs } = await door.answer(`${RUNS}/ListRuns`, {});
    assert.ok(
      runs.every((run: Fields) => run['deployment'] === door.deployment && run['finished_at'] !== ''),
    );
  },

  async [`${RUNS}/WatchRun`](door) {
    const { runs } = await door.answer(`${RUNS}/ListRuns`, { deployment: door.deployment });
    const run_id = runs.find((run: Fields) => run['kind'] === 'restore').run_id;
    const watch = (after_sequence: number) =>
      Array.fromAsync(
        door.doors.get('restore-coordinator')!.stream(`${RUNS}/WatchRun`, { run_id, after_sequence }),
      );
    const whole = await watch(0);
    assert.deepEqual(
      whole.map(({ sequence }) => sequence),
      whole.map((_, index) => index + 1),
    );
    assert.equal(whole.at(-1)!['kind'], 'finished');
    for (const after of whole.keys()) assert.deepEqual(await watch(after), whole.slice(after));
    assert.deepEqual(await watch(whole.length + 5), []);
    await refusesUnknownRun(door, `${RUNS}/WatchRun`);
  },

  async [`${RUNS}/CancelRun`](door) {
    const { deployment } = door;
    // The database cannot answer before the cancel is there.
    const pid = await door.pidOf('db-snapshot');
    process.kill(pid, 'SIGSTOP');
    const asked = { deployment, request_id: 'front-door-cancelled' };
    const { run_id } = await door.answer(`${BACKUPS}/StartBackup`, asked);
    for (let times = 0; times < 3; times += 1) await door.answer(`${RUNS}/CancelRun`, { run_id });
    process.kill(pid, 'SIGCONT');
    const ended = await door.ended(run_id);
    assert.equal(ended['state'], 'cancelled');
    // Of a run that is over it changes nothing.
    assert.deepEqual(await door.answer(`${RUNS}/CancelRun`, { run_id }), ended);
    const odd = await door.doors
      .get('restore-coordinator')!
      .callRaw(`${RUNS}/CancelRun`, Buffer.from([0x10, 0x63]));
    is(odd.refused!, 'UNIMPLEMENTED', 'VERSION_MISMATCH');
    await refusesUnknownRun(door, `${RUNS}/CancelRun`);
  },
};

/** Tables in a database of their own: the plan names what is left out, and every name that no table has. */
async function takesTablesOut(door: DoorScene): Promise<void> {
  const { deployment } = door;
  const wish = (...names: string[]) => ({
    deployment,
    components: ['database'],
    relocation_json: JSON.stringify({
      database: { name: 'front_door_tables', tables: { names: names.map((name) => ({ name })) } },
    }),
  });
  const wrong = await door.answer(`${RESTORES}/PlanRestore`, wish('nowhere', 'documents', 'no-table'));
  assert.deepEqual(
    wrong['problems'].map(({ code, subject }: Fields) => [code, subject]),
    [
      ['NOT_FOUND', 'nowhere'],
      ['NOT_FOUND', 'no-table'],
    ],
  );
  const whole = { ...wish('documents'), components: [] };
  is(await door.refusal(`${RESTORES}/PlanRestore`, whole), 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
  const { plan_digest, backup_id } = await door.answer(`${RESTORES}/PlanRestore`, wish('documents'));
  const asked = { ...wish('documents'), backup_id, plan_digest, request_id: 'front-door tables' };
  const { run_id } = await door.answer(`${RESTORES}/StartRestore`, asked);
  const ended = await door.ended(run_id);
  assert.equal(ended['state'], 'completed');
  const { database, restored, referenced } = JSON.parse(ended['outcome_json']);
  assert.deepEqual(
    [database, restored.map(({ name }: Fields) => name)],
    ['front_door_tables', ['documents']],
  );
  assert.ok(referenced.includes('public.users'));
}

/** Asked for at once and again after its end, it is one run; without a proper request id it is none. */
async function startedOnce(door: DoorScene, method: string, request: object): Promise<Fields> {
  const asked = { ...request, request_id: `front-door ${method.split('/')[1]}` };
  const answers = await Promise.all([1, 2, 3].map(() => door.answer(method, asked)));
  const run = await door.ended(answers[0]!['run_id']);
  const replayed = await door.answer(method, asked);
  assert.deepEqual(new Set([...answers, replayed].map(({ run_id }) => run_id)), new Set([run['run_id']]));
  assert.deepEqual(replayed, run);
  for (const request_id of ['', 'short', 'x'.repeat(129)]) {
    const refused = await door.refusal(method, { ...request, request_id });
    is(refused, 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
    assert.equal(refused.metadata['field'], 'request_id');
  }
  return run;
}

/** Runs `during` while the deployment is declared otherwise. */
async function planIsStale(door: DoorScene, during: () => Promise<void>): Promise<void> {
  const declare = (spec_yaml: string) => door.answer(`${DEPLOYMENTS}/DeclareDeployment`, { spec_yaml });
  const { deployment } = door;
  const { spec_yaml } = await door.answer(`${DEPLOYMENTS}/GetDeployment`, { deployment });
  const changed = `${spec_yaml}`.replace(/rpo: \d+h/, 'rpo: 99h');
  assert.notEqual(changed, spec_yaml);
  await declare(changed);
  await during();
  await declare(spec_yaml);
}

async function startKept(door: DoorScene, method: string): Promise<void> {
  const { deployment } = door;
  assert.equal((await startedOnce(door, method, { deployment }))['state'], 'completed');
  is(await door.refusal(method, { deployment, request_id: 'nothing-is-kept' }), 'NOT_FOUND', 'NOT_FOUND');
  await refusesUnknownDeployment(door, method);
}

async function backUp(door: DoorScene, request: object): Promise<Fields> {
  const run = await door.ended((await door.answer(`${BACKUPS}/StartBackup`, request))['run_id']);
  assert.equal(run['state'], 'completed');
  return run;
}

let inserts = 0;

/** Pages of two, with a new backup between the first and the second: what was there is told once, in one order. */
async function pagesAreStable(door: DoorScene, method: string, items: string, key: string): Promise<void> {
  const { deployment } = door;
  const page = async (page_token: string) => door.answer(method, { deployment, page_size: 2, page_token });
  const idsOf = (answer: Fields): string[] => answer[items].map((each: Fields) => each[key]);
  const before = idsOf(await door.answer(method, { deployment }));
  assert.ok(before.length >= 3);
  const first = await page('');
  inserts += 1;
  await backUp(door, { deployment, components: ['config'], request_id: `between pages ${inserts}` });
  const told = idsOf(first);
  for (let next = first['next_page_token']; next !== '';) {
    const answer = await page(next);
    told.push(...idsOf(answer));
    next = answer['next_page_token'];
  }
  assert.deepEqual(told, before);
  assert.deepEqual(idsOf(await door.answer(method, { deployment })).slice(1), before);
}

async function refusesBadPage(door: DoorScene, method: string): Promise<void> {
  const { deployment } = door;
  for (const page_token of ['???', 'bm8tc3VjaC1pZA'])
    is(await door.refusal(method, { deployment, page_token }), 'INVALID_ARGUMENT', 'MESSAGE_MALFORMED');
}

async function refusesUnknownDeployment(door: DoorScene, method: string): Promise<void> {
  const refused = await door.refusal(method, { deployment: NOWHERE, request_id: 'of nobody at all' });
  is(refused, 'NOT_FOUND', 'DEPLOYMENT_NOT_FOUND');
}

async function refusesUnknownRun(door: DoorScene, method: string): Promise<void> {
  for (const run_id of ['0'.repeat(32), 'no-run']) {
    const refused = await door.refusal(method, { run_id });
    is(refused, 'NOT_FOUND', 'RUN_NOT_FOUND');
    assert.deepEqual(refused.metadata, { run: run_id });
  }
}

async function refusesUnknownSnapshot(
  door: DoorScene,
  method: string,
  at: string,
  more: object = {},
): Promise<void> {
  const asked = { deployment: door.deployment, snapshot_id: 'no-such-snapshot', ...more };
  assert.equal((await door.refusal(method, asked, { at })).code, 'NOT_FOUND');
}

async function snapshotOf(door: DoorScene, component: string): Promise<string> {
  const { deployment } = door;
  const { manifest_json } = await door.answer(`${BACKUPS}/GetBackup`, { deployment });
  const { snapshots } = JSON.parse(manifest_json) as { snapshots: { component: string; id: string }[] };
  return snapshots.find((each) => each.component === component)!.id;
}
