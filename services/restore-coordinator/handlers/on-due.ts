import type { CoordinatorPorts } from '../ports.ts';
import { planDue } from '../domain/due.ts';

/**
 * Opens what a deployment's schedule and waiting events ask for now; returns when to look again. May run at any time
 * and any number of times: a run that was opened is found in the log.
 */
export async function onDue(
  deployment: string,
  { specs, readLog, record, runs, clock }: CoordinatorPorts,
): Promise<number | undefined> {
  const { spec, version } = await specs.read(deployment);
  const { schedule: expression, timezone } = spec.policy;
  const schedule = expression === undefined ? undefined : { expression, timezone };
  const entries = await readLog(deployment);
  await runs.reconcile(deployment, entries);
  const due = planDue(deployment, entries, schedule, clock.now());
  for (const event of due.record) await record(deployment, event);
  for (const request of due.open) await runs.open({ ...request, specVersion: version });
  return due.lookAtMs;
}
