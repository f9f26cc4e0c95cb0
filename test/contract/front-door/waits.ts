import assert from 'node:assert/strict';
import type { Fields } from './outside-client.ts';
import { RUNS, type DoorScene, type Drive } from './scene.ts';

const PLAN = 'holdfast.coordinator.v1.RestoreService/PlanRestore';
const COVERAGE = 'holdfast.coordinator.v1.ReportService/GetCoverage';
const PREFLIGHT = 'holdfast.component.v1.ComponentService/Preflight';
const SOON_MS = 1_500;

/** Calls that wait for something that does not come: their deadline, or their caller's leaving, ends them where they wait. */
export const waits: Readonly<Record<string, Drive>> = {
  'a question to a worker that stands still ends with its deadline, in the coordinator too': async (door) => {
    await using _ = standstill(await door.pidOf('db-snapshot'));
    for (const [method, name] of [
      [PLAN, 'planRestore'],
      [COVERAGE, 'getCoverage'],
    ] as const) {
      const refused = await door.refusal(method, { deployment: door.deployment }, { deadlineMs: SOON_MS });
      assert.equal(refused.code, 'DEADLINE_EXCEEDED');
      await door.loggedFailure('restore-coordinator', name, 'DEADLINE_EXCEEDED');
    }
  },

  'a deadline ends a query that PostgreSQL does not answer': async (door) => {
    await using _ = standstill(door.scene.world.postgres.pid);
    for (const purpose of ['PURPOSE_BACKUP', 'PURPOSE_RESTORE', 'PURPOSE_COVERAGE']) {
      const asked = { deployment: door.deployment, spec_version: 1, purpose };
      const refused = await door.refusal(PREFLIGHT, asked, { at: 'db-snapshot', deadlineMs: SOON_MS });
      assert.equal(refused.code, 'DEADLINE_EXCEEDED', purpose);
    }
    await door.loggedFailure('db-snapshot', 'preflight', 'DEADLINE_EXCEEDED');
  },

  'a caller that leaves ends the plan, the question of the plan, and its query': async (door) => {
    await using _ = standstill(door.scene.world.postgres.pid);
    const refused = await door.refusal(
      PLAN,
      { deployment: door.deployment },
      { signal: AbortSignal.timeout(SOON_MS) },
    );
    assert.equal(refused.code, 'CANCELLED');
    await door.loggedFailure('restore-coordinator', 'planRestore', 'CANCELLED');
    await door.loggedFailure('db-snapshot', 'preflight', 'CANCELLED');
  },

  'a watcher that leaves, or whose deadline is over, is not watched for any more': async (door) => {
    const { run_id } = await nobodyWorks(door, async ({ run_id }) => {
      const watch = (how: object) =>
        Array.fromAsync(door.doors.get('restore-coordinator')!.stream(`${RUNS}/WatchRun`, { run_id }, how));
      await assert.rejects(watch({ deadlineMs: SOON_MS }), /DEADLINE_EXCEEDED/);
      await door.loggedFailure('restore-coordinator', 'watchRun', 'DEADLINE_EXCEEDED');
      await assert.rejects(watch({ signal: AbortSignal.timeout(SOON_MS) }), /CANCELLED/);
      await door.loggedFailure('restore-coordinator', 'watchRun', 'CANCELLED');
      await door.answer(`${RUNS}/CancelRun`, { run_id });
    });
    assert.equal((await door.ended(run_id))['state'], 'cancelled');
  },
};

/** A backup that waits for its database. */
async function nobodyWorks(door: DoorScene, act: (run: Fields) => Promise<void>): Promise<Fields> {
  await using _ = standstill(await door.pidOf('db-snapshot'));
  const run = await door.answer('holdfast.coordinator.v1.BackupService/StartBackup', {
    deployment: door.deployment,
    request_id: 'nobody works on it',
  });
  await act(run);
  return run;
}

/** The process does nothing until this is disposed. */
function standstill(pid: number): AsyncDisposable {
  process.kill(pid, 'SIGSTOP');
  return { [Symbol.asyncDispose]: async () => void process.kill(pid, 'SIGCONT') };
}
