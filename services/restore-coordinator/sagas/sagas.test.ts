import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sites } from '#libs/contracts/sites.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Saga, SagaStep } from '#libs/saga/define.ts';
import type { RunHeader } from '#libs/saga/journal.ts';
import type { LogEvent } from '#libs/saga/log.ts';
import { proveCancels, proveRepeats, proveResumes, proveUnwinds, type Proving } from '#libs/saga/proofs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import { backupSaga } from './backup.ts';
import { drillSaga } from './drill.ts';
import { pruneSaga } from './prune.ts';
import { releaseSaga } from './release.ts';
import { replicateSaga } from './replicate.ts';
import { restoreSaga } from './restore.ts';
import { rollbackSaga } from './rollback.ts';
import { schedulesSaga } from './schedules.ts';
import { scrubSaga } from './scrub.ts';
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

/** As the coordinator names them: `component`, or `component.site`. */
const snapshot = (part: string) => {
  const [component = '', site] = part.split('.');
  const own = { deployment: 'records', component, id: `s-${part}`, digest: '00' };
  return site === undefined ? own : { ...own, site };
};

/** Documents here and in an archive; the environment is with the application, on a host of its own. */
const SITES: Sites = {
  database: 'local',
  files: ['local', 'archive'],
  config: ['web'],
  hooks: ['web', 'nas'],
};
const PARTS = ['database', 'files', 'files.archive', 'config.web'];

const backupOf = (sites: Pick<RunHeader, 'sites'>, parameters: Json = {}): Proving => ({
  saga: backupSaga({ ...sites, parameters }),
  header: { ...header('backup', parameters), ...sites },
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
    return /^(database|files|config)/.test(step) ? taken : {};
  },
});
const backup = backupOf({});

const restoreOf = (parts: readonly string[], sites: Pick<RunHeader, 'sites'> = {}): Proving => {
  const parameters = {
    backupId: 'b',
    manifestDigest: 'd',
    planDigest: 'p',
    snapshots: parts.map(snapshot),
  };
  return {
    saga: restoreSaga({ parameters, ...sites }),
    header: { ...header('restore', parameters), ...sites },
    newStore: memoryStore,
    answers: (step) => {
      if (step === 'stage.database')
        return { component: 'database', stage: 's', live: 'l', side: 'x', kept: 'k' };
      const component = /^stage\.(files|config)/.exec(step)?.[1];
      return component === undefined ? {} : { component, stage: 's', roots: [] };
    },
  };
};
const restore = restoreOf(['database', 'files', 'config']);

const ofSites = restoreOf(PARTS, { sites: SITES });

const keptOf = (
  kind: 'rollback' | 'release',
  parts: readonly string[],
  sites: Pick<RunHeader, 'sites'> = {},
): Proving => {
  const places: Readonly<Record<string, object>> = {
    database: { component: 'database', stage: 's', live: 'l', side: 'x', kept: 'k' },
    files: { component: 'files', stage: 's', roots: [] },
    config: { component: 'config', stage: 's', roots: [] },
  };
  const ofRun = 'fedcba9876543210fedcba9876543210';
  const states = parts.map((part) => {
    const [component = '', site] = part.split('.');
    return { ofRun, staged: places[component]!, ...(site === undefined ? {} : { site }) };
  });
  const common = { states: states as unknown as Json };
  const parameters =
    kind === 'rollback'
      ? { ...common, restoreRunId: ofRun, backupId: 'b' }
      : { ...common, restoreRunIds: [ofRun] };
  return {
    saga: kind === 'rollback' ? rollbackSaga({ parameters, ...sites }) : releaseSaga({ parameters }),
    header: { ...header(kind, parameters), ...sites },
    newStore: memoryStore,
    answers: () => ({}),
  };
};
const rollbacks = [
  keptOf('rollback', ['database', 'files', 'config']),
  keptOf('rollback', ['files']),
  keptOf('rollback', PARTS, { sites: SITES }),
];
const releases = [
  keptOf('release', ['database', 'files', 'config']),
  keptOf('release', ['database']),
  keptOf('release', PARTS),
];

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
const drillOf = (parts: readonly string[]): Proving => {
  const parameters = {
    backupId: 'b',
    manifestDigest: 'd',
    snapshots: parts.map(snapshot),
    needs: { extensions: [], serverMajor: 18 },
  };
  return {
    saga: drillSaga({ parameters }),
    header: header('drill', parameters),
    newStore: memoryStore,
    answers: (step, attempt) => {
      if (step === 'sandbox.open') return { sandbox, relocationJson: '{"application":"leave-alone"}' };
      return step === 'verify.staged'
        ? { ok: true, checks: [], notChecked: [] }
        : restore.answers(step, attempt);
    },
  };
};
const drill = drillOf(['database', 'files', 'config']);
const verify: Proving = {
  saga: verifySaga({ parameters: { backupId: 'b' } }),
  header: header('verify', { backupId: 'b', level: 1, snapshots: [], packs: [] }),
  newStore: memoryStore,
  answers: () => ({}),
};

const replicate: Proving = {
  saga: replicateSaga,
  header: header('replicate', {}),
  newStore: memoryStore,
  answers: () => ({ copied: 1, bytes: 1, deleted: 0, leftOut: [], leftOutCount: 0 }),
};

const scrub: Proving = {
  saga: scrubSaga,
  header: header('scrub', { every: '30d' }),
  newStore: memoryStore,
  answers: (step) => (step === 'scrub' ? { stores: [] } : { healed: [] }),
};

const prune: Proving = {
  saga: pruneSaga({ parameters: {} }),
  header: header('prune', {}),
  newStore: memoryStore,
  answers: () => ({}),
};

const lockingPrune: Proving = {
  ...prune,
  saga: pruneSaga({ parameters: { lock: true } }),
  header: header('prune', { lock: true }),
};

const relocationJson = JSON.stringify({ database: { name: 'other' } });
const beside: Proving = {
  ...restore,
  saga: restoreSaga({ parameters: restore.header.parameters, relocationJson }),
  header: { ...restore.header, relocationJson },
};

const tablesRelocation = JSON.stringify({ database: { name: 'other', tables: { names: [{ name: 't' }] } } });
const ofDatabase = restoreOf(['database']);
const ofTables: Proving = {
  ...ofDatabase,
  saga: restoreSaga({ parameters: ofDatabase.header.parameters, relocationJson: tablesRelocation }),
  header: { ...ofDatabase.header, relocationJson: tablesRelocation },
};

const proved = [
  drill,
  drillOf(PARTS),
  verify,
  replicate,
  scrub,
  prune,
  lockingPrune,
  beside,
  ofTables,
  backup,
  backupOf({ sites: SITES }),
  backupOf({}, { components: ['config'] }),
  backupOf({ sites: SITES }, { components: ['files', 'config'] }),
  restore,
  ofSites,
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

    test('a cancel after any entry takes everything back, or comes too late to do anything', async () => {
      const back = await proveCancels(proving, 'back');
      const forward = await proveCancels(proving, 'forward');
      assert.ok(back.late > 0 && back.followed + back.late > proving.saga.steps.length);
      const switches = proving.saga.steps.some(({ pivot }) => pivot === true);
      assert.ok(switches ? forward.late > back.late : forward.late === back.late);
    });
  });
}

test('no worker is sent two steps of a run at once: the second would end the first', () => {
  for (const { saga } of proved) {
    const before = new Map<string, ReadonlySet<string>>();
    for (const { name, after } of saga.steps)
      before.set(name, new Set(after.flatMap((other) => [other, ...(before.get(other) ?? [])])));
    const sent = saga.steps.filter(({ work }) => 'service' in work);
    for (const [at, step] of sent.entries())
      for (const later of sent.slice(at + 1))
        if (workerOf(step) === workerOf(later))
          assert.ok(before.get(later.name)!.has(step.name), `${saga.kind}: ${step.name}, ${later.name}`);
  }
});

function workerOf({ work }: SagaStep): string {
  return 'service' in work ? `${work.service} ${work.site}` : '';
}

test('backup: a failure anywhere ends as failed, and never as committed', async () => {
  const outcomes = await proveUnwinds(backup);
  assert.deepEqual(new Set(Object.values(outcomes)), new Set(['failed']));
});

test('backup: nothing is committed that was not verified', () => {
  const commit = backup.saga.steps.find(({ name }) => name === 'commit');
  assert.deepEqual(commit?.after, ['verify']);
});

test('restore: each step goes to the site of its part, and the application is stopped and asked where it is', () => {
  const siteOf = ({ work, undo }: SagaStep) =>
    [work, ...(undo === undefined ? [] : [undo.work])].map((each) =>
      'site' in each ? each.site : undefined,
    );
  const sent = Object.fromEntries(
    ofSites.saga.steps.map((step) => [step.name, [...new Set(siteOf(step))].join()]),
  );
  assert.deepEqual(sent, {
    preflight: '',
    'verify.packs': '',
    'stage.database': 'local',
    'stage.files': 'local',
    'stage.files.archive': 'archive',
    'stage.config.web': 'web',
    'verify.staged': 'local',
    'verify.staged.archive': 'archive',
    'verify.staged.web': 'web',
    'stop.web': 'web',
    'stop.nas': 'nas',
    close: 'local',
    'pivot.config.web': 'web',
    'pivot.files.archive': 'archive',
    'pivot.files': 'local',
    'pivot.database': 'local',
    open: 'local',
    'check.restored': 'local',
    'check.restored.archive': 'archive',
    'check.restored.web': 'web',
    'reset.web': 'web',
    'reset.nas': 'nas',
    'start.nas': 'nas',
    'start.web': 'web',
    'check.serving': 'web',
    commit: '',
  });
});

test('F19: restore: a failure at each step takes back, in reverse, everything that was begun', async () => {
  for (const proving of [restore, beside, ofTables, ofSites, restoreOf(['database']), restoreOf(['files'])]) {
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

test('restore, rollback: wherever it fails, trees are switched back while the database takes no connections', () => {
  const sagas = [restore, ofSites, restoreOf(['database']), restoreOf(['files']), ...rollbacks];
  for (const { saga } of sagas) {
    for (const [at, failing] of saga.steps.entries()) {
      const begun = saga.steps.slice(0, at + 1);
      let isOpen = true;
      const pass = (work: SagaStep['work']): boolean => {
        if (!('verb' in work)) return true;
        const wasOpen = isOpen;
        const isDatabase = work.service === 'db-snapshot';
        // The database that a switch brings takes connections, the one that comes back takes none.
        if (work.verb === 'OpenDatabase' || (isDatabase && work.verb === 'PivotRestore')) isOpen = true;
        if (work.verb === 'CloseDatabase' || (isDatabase && work.verb === 'UndoPivot')) isOpen = false;
        return isDatabase || !['PivotRestore', 'UndoPivot'].includes(work.verb) || !wasOpen;
      };
      for (const { work } of begun) pass(work);
      for (const { name, undo } of begun.toReversed())
        assert.ok(
          undo === undefined || pass(undo.work),
          `${saga.kind} fails at ${failing.name}: undo of ${name}`,
        );
    }
  }
});

test('release: a failure anywhere ends as failed, and may be asked for again', async () => {
  for (const proving of [...releases, schedules]) {
    const outcomes = await proveUnwinds(proving);
    assert.deepEqual(new Set(Object.values(outcomes)), new Set(['failed']));
  }
});

test('prune: a failure at each step ends as failed, and may be asked for again', async () => {
  for (const proving of [prune, lockingPrune])
    assert.deepEqual(new Set(Object.values(await proveUnwinds(proving))), new Set(['failed']));
});

test('prune: nothing is forgotten or removed before what stays is locked', () => {
  const orderOf = ({ saga }: Proving) => saga.steps.map(({ name, after }) => [name, ...after]);
  assert.deepEqual(orderOf(prune), [['forget'], ['clean', 'forget']]);
  assert.deepEqual(orderOf(lockingPrune), [['lock'], ['forget', 'lock'], ['clean', 'forget']]);
});

test('restore, drill and verification are refused when their backup was pruned since it was chosen', () => {
  const committed: LogEvent = { kind: 'committed', runId: 'r', backupId: 'b', manifestDigest: 'd' };
  const pruned: LogEvent = { kind: 'pruned', runId: 'r', backupId: 'b', reason: 'no rule keeps it' };
  const logOf = (...events: readonly LogEvent[]) =>
    events.map((event, n) => ({ n, at: '2026-01-01T00:00:00.000Z', previous: '', event }));
  for (const { saga } of [restore, beside, ofTables, drill, verify]) {
    assert.equal(saga.stillHolds?.(logOf(committed)), true, saga.kind);
    assert.equal(saga.stillHolds?.(logOf(committed, pruned)), false, saga.kind);
  }
});

test('a restore of tables shares the deployment, and nothing of the living system is stopped, closed or switched', () => {
  const { exclusive, steps } = ofTables.saga;
  assert.equal(exclusive, false);
  assert.deepEqual(
    steps.map(({ name }) => name),
    ['preflight', 'stage.database', 'pivot.database', 'commit'],
  );
});

test('drill: wherever it fails, the sandbox is removed; what works in it is sent there, the questions are not', async () => {
  assert.deepEqual(new Set(Object.values(await proveUnwinds(drill))), new Set(['failed']));
  const outcomes = { 'sandbox.open': drill.answers('sandbox.open', 1) };
  const sent = drill.saga.steps.flatMap(({ name, work }) =>
    'relocation' in work && work.relocation?.(drill.header, outcomes) !== undefined ? [name] : [],
  );
  const inside = drill.saga.steps.filter(({ name }) => /^(stage|pivot)\.|^verify\.staged$/.test(name));
  assert.deepEqual(
    sent,
    inside.map(({ name }) => name),
  );
});

test('the database is told what the last complete backup has of it', () => {
  const { work } = backup.saga.steps.find(({ name }) => name === 'database')!;
  const requestAfter = (preflight: Json) =>
    'request' in work ? work.request(backup.header, { preflight }) : undefined;
  const previous = snapshot('database');
  assert.deepEqual(requestAfter({ facts: {}, previous }), { previous });
  assert.deepEqual(requestAfter({ facts: {} }), {});
  const header = { ...backup.header, parameters: { portable: true } };
  const asked = backupSaga(header).steps.find(({ name }) => name === 'database')!.work;
  assert.deepEqual('request' in asked ? asked.request(header, { preflight: { previous } }) : undefined, {
    previous,
    portable: true,
  });
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

test('what a rollback, release or schedules run chose before it had the lock must still be so under it', () => {
  const logOf = (...events: readonly LogEvent[]) =>
    events.map((event, n) => ({ n, at: '2026-01-02T03:04:05.000Z', previous: '', event }));
  const restored = (runId: string): LogEvent => ({ kind: 'restored', runId, backupId: 'b' });
  const ofRun = 'fedcba9876543210fedcba9876543210';
  const [chosen, later] = [restored(ofRun), restored('another')];
  const back: LogEvent = { kind: 'rolled-back', runId: 'r', restoreRunId: ofRun };
  const gone: LogEvent = { kind: 'released', runId: 'r', restoreRunIds: [ofRun] };
  const holds = (saga: Saga, ...events: readonly LogEvent[]) => saga.stillHolds!(logOf(...events));
  const [rollback, release] = [rollbacks[0]!.saga, releases[0]!.saga];
  const held = schedulesSaga({ parameters: { restoreRunId: ofRun, names: [] } });
  assert.deepEqual([holds(rollback, chosen), holds(rollback, later, chosen)], [true, true]);
  assert.deepEqual([holds(rollback, chosen, later), holds(rollback, chosen, back)], [false, false]);
  assert.deepEqual([holds(release, chosen, later), holds(release, chosen, gone)], [true, false]);
  assert.deepEqual([holds(held, chosen), holds(held, chosen, later)], [true, false]);
  // One beside the living system holds nothing in it.
  const beside: LogEvent = { kind: 'restored', runId: 'another', backupId: 'b', kept: false };
  assert.equal(holds(held, chosen, beside), true);
});
