import type { CallContext } from '#libs/runtime/contract.ts';
import { foldTriggers, triggerKey } from '#libs/saga/triggers.ts';
import { askedRuns } from '../domain/triggers.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** What became of an event: not here (yet), waiting for its run until `dueAt`, or the run that covers it. */
export async function findTrigger(
  request: { deployment: string; source: string; id: string },
  _: CallContext,
  { specs, logs, clock }: CoordinatorPorts,
) {
  await specs.read(request.deployment);
  const { deployment } = request;
  const triggers = foldTriggers(deployment, await logs.read(deployment));
  const key = triggerKey(request.source, request.id);
  const runId = triggers.runOf.get(key) ?? (await logs.findAnswered(deployment, key));
  if (runId !== undefined) return { state: 'covered', runId, dueAt: '' };
  const asked = askedRuns(triggers, clock.now()).find(({ keys }) => keys.includes(key));
  if (asked === undefined) return { state: 'unknown', runId: '', dueAt: '' };
  return { state: 'waiting', runId: '', dueAt: new Date(asked.dueMs).toISOString() };
}
