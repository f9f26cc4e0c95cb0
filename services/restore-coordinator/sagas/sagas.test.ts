import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Json } from '#libs/kernel/json.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import { proveRepeats, proveResumes, proveUnwinds, type Proving } from '#libs/saga/proofs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { backupSaga } from './backup.ts';
import { drillSaga } from './drill.ts';
import { releaseSaga } from './release.ts';
import { restoreSaga } from './restore.ts';
import { rollbackSaga } from './rollback.ts';
import { schedulesSaga } from './schedules.ts';
import { verifySaga } from './verify.ts';

const header = (kind: string, parameters: Json): RunHeader => ({
  runId: '0123456789abcdef0123456789abcdef',
  kind,
  deployment: 'records',
  specVersion: 1,
  principal: 'operator',
  openedAt: '2026-01-02T03:04:05.000Z',
  parameters,
});

const snapshot = (component: string) => ({
  deployment: 'records',
  component,
  id: `s-${component}`,
  digest: '00',
});

const backup: Proving = {
  saga: backupSaga,
  header: header('backup', {}),
  newStore: memoryStore,
  answers: (step) => {
    if (step === 'mark') return { mark: 'm1', attempt: 1 };
    if (step === 'commit') return { backupId: 'b', manifestDigest: 'd', completeness: 'complete' };
    const taken = {
      snapshot: snapshot(step),
      mark: 'm1',
      leftOut: [],
      facts: {},
      packs: [],
      sourceBytes: 0,
      newBytes: 0,
    };
    return ['database', 'files', 'config'].includes(step) ? taken : {};
  },
};

const restoreOf = (components: readonly string[]): Proving => {
  const parameters = {
    backupId: 'b',
    manifestDigest: 'd',
    planDigest: 'p',
    snapshots: components.map(snapshot),
  };
  return {
    saga: restoreSaga({ parameters }),
    header: header('restore', parameters),
    newStore: memoryStore,
    answers: (step) => {
      if (step === 'stage.database')
        return { component: 'database', stage: 's', live: 'l', side: 'x', kept: 'k' };
      if (step === 'stage.files' || step === 'stage.config')
        return { component: step.slice('stage.'.length), stage: 's', roots: [] };
      return {};
    },
  };
};
const restore = restoreOf(['database', 'files', 'config']);

const keptOf = (kind: 'rollback' | 'release', components: readonly string[]): Proving => {
  const places: Readonly<Record<string, object>> = {
    database: { component: 'database', stage: 's', live: 'l', side: 'x', kept: 'k' },
    files: { component: 'files', stage: 's', roots: [] },
    config: { component: 'config', stage: 's', roots: [] },
  };
  const ofRun = 'fedcba9876543210fedcba9876543210';
  const states = components.map((component) => ({ ofRun, staged: places[component]! }));
  const common = { states: states as unknown as Json };
  const parameters =
    kind === 'rollback'
      ? { ...common, restoreRunId: ofRun, backupId: 'b' }
      : { ...common, restoreRunIds: [ofRun] };
  return {
    saga: kind === 'rollback' ? rollbackSaga({ parameters }) : releaseSaga({ parameters }),
    header: header(kind, parameters),
    newStore: memoryStore,
    answers: () => ({}),
  };
};
const rollbacks = [keptOf('rollback', ['database', 'files', 'config']), keptOf('rollback', ['files'])];
const releases = [keptOf('release', ['database', 'files', 'config']), keptOf('release', ['database'])];

const schedulesParameters = { restoreRunId: 'r', names: ['nightly'] };
const schedules: Proving = {
  saga: schedulesSaga({ parameters: schedulesParameters }),
  header: header('schedules', schedulesParameters),
  newStore: memoryStore,
  answers: () => ({}),
};

const sandbox = {
  folder: '/sandbox',
  socket: { folder: '/sandbox/socket', port: 1 },
  database: 'records',
  places: [],
  serverVersion: '18.0',
  serverIdentity: '1',
};
const drill: Proving = {
  saga: drillSaga,
  header: header('drill', {
    backupId: 'b',
    manifestDigest: 'd',
    snapshots: ['database', 'files', 'config'].map(snapshot),
    needs: { extensions: [], serverMajor: 18 },
  }),
  newStore: memoryStore,
  answers: (step, attempt) => {
    if (step === 'sandbox.open') return { sandbox, relocationJson: '{"application":"leave-alone"}' };
    return step === 'verify.staged'
      ? { ok: true, checks: [], notChecked: [] }
      : restore.answers(step, attempt);
  },
};
const verify: Proving = {
  saga: verifySaga,
  header: header('verify', { backupId: 'b', level: 1, snapshots: [], packs: [] }),
  newStore: memoryStore,
  answers: () => ({}),
};

const relocationJson = JSON.stringify({ database: { name: 'other' } });
const beside: Proving = {
  ...restore,
  saga: restoreSaga({ parameters: restore.header.parameters, relocationJson }),
  header: { ...restore.header, relocationJson },
};

const proved = [
  drill,
  verify,
  beside,
  backup,
  restore,
  restoreOf(['database']),
  restoreOf(['files']),
  ...rollbacks,
  ...releases,
  schedules,
];
for (const proving of proved) {
  describe(`${proving.saga.kind}: ${proving.saga.steps.map(({ name }) => name).join(' ')}`, () => {
    test('every command delivered twice: completed, each attempt journalled once', async () => {
      assert.equal((await proveRepeats(proving)).status, 'completed');
    });

    test('a coordinator stopped after any entry is continued to the same end', async () => {
      assert.ok((await proveResumes(proving)) > proving.saga.steps.length);
    });
  });
}

test('backup: a failure anywhere ends as failed, and never as committed', async () => {
  const outcomes = await proveUnwinds(backup);
  assert.deepEqual(new Set(Object.values(outcomes)), new Set(['failed']));
});

test('backup: nothing is committed that was not verified', () => {
  const commit = backupSaga.steps.find(({ name }) => name === 'commit');
  assert.deepEqual(commit?.after, ['verify']);
});

test('restore: a failure at each step takes back, in reverse, everything that was begun', async () => {
  for (const proving of [restore, beside, restoreOf(['database']), restoreOf(['files'])]) {
    const outcomes = await proveUnwinds(proving);
    assert.deepEqual(new Set(Object.values(outcomes)), new Set(['failed']));
  }
});

test('rollback: a failure at each step switches once more what was put back, in reverse', async () => {
  for (const proving of rollbacks) {
    const outcomes = await proveUnwinds(proving);
    assert.deepEqual(new Set(Object.values(outcomes)), new Set(['failed']));
  }
});

test('release: a failure anywhere ends as failed, and may be asked for again', async () => {
  for (const proving of [...releases, schedules]) {
    const outcomes = await proveUnwinds(proving);
    assert.deepEqual(new Set(Object.values(outcomes)), new Set(['failed']));
  }
});

test('drill: wherever it fails, the sandbox is removed; what works in it is sent there, the questions are not', async () => {
  assert.deepEqual(new Set(Object.values(await proveUnwinds(drill))), new Set(['failed']));
  const outcomes = { 'sandbox.open': drill.answers('sandbox.open', 1) };
  const sent = drillSaga.steps.flatMap(({ name, work }) =>
    'relocation' in work && work.relocation?.(drill.header, outcomes) !== undefined ? [name] : [],
  );
  const inside = drillSaga.steps.filter(({ name }) => /^(stage|pivot)\.|^verify\.staged$/.test(name));
  assert.deepEqual(
    sent,
    inside.map(({ name }) => name),
  );
});

test('files walked before a newer mark are walked again', async () => {
  const attempts: string[] = [];
  const proving: Proving = {
    ...backup,
    answers: (step, attempt) => {
      attempts.push(`${step}.${attempt}`);
      if (step === 'files' && attempt === 1)
        return { ...(backup.answers(step, attempt) as object), mark: 'older' };
      return backup.answers(step, attempt);
    },
  };
  assert.equal((await proveRepeats(proving)).status, 'completed');
  assert.ok(attempts.includes('files.2'));
});
