import type { CallContext } from '#libs/runtime/contract.ts';
import { foldTriggers, triggerKey, triggersDueMs } from '../domain/triggers.ts';
import type { CoordinatorPorts } from '../ports.ts';

/** What became of an event: not here (yet), waiting for its run until `dueAt`, or the run that covers it. */
export async function findTrigger(
  request: { deployment: string; source: string; id: string },
  _: CallContext,
  { specs, readLog, clock }: CoordinatorPorts,
) {
  await specs.read(request.deployment);
  const triggers = foldTriggers(request.deployment, await readLog(request.deployment));
  const key = triggerKey(request.source, request.id);
  const runId = triggers.runOf.get(key);
  if (runId !== undefined) return { state: 'covered', runId, dueAt: '' };
  if (!triggers.pending.some((trigger) => trigger.key === key))
    return { state: 'unknown', runId: '', dueAt: '' };
  const dueAt = new Date(triggersDueMs(triggers, clock.now())!).toISOString();
  return { state: 'waiting', runId: '', dueAt };
}
