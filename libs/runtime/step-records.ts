import type { Bus } from '#libs/bus/port.ts';
import { resultName, type StepCommand, type StepResult } from '#libs/contracts/step.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import { findResult } from '#libs/saga/find-result.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Create-only: the first result wins, and is what is returned. Without a signal: a result that is there is kept. */
export async function storeResult(store: ObjectStore, result: StepResult): Promise<StepResult> {
  try {
    await store.put(resultName(result), Buffer.from(JSON.stringify(result)), { createOnly: true });
    return result;
  } catch (thrown) {
    if (HoldfastError.from(thrown).code !== 'OBJECT_EXISTS') throw thrown;
    return (await findResult(store, result)) ?? result;
  }
}

/** A hint that makes it fast; the object is the truth, so it is published after it and may be published again. */
export async function publishResult(bus: Bus, command: StepCommand, result: StepResult): Promise<void> {
  const { runId, deployment, service, site } = command;
  const { step, attempt } = result;
  await bus.publish({
    subject: subjects.event(deployment, runId),
    type: result.ok ? 'holdfast.step.v1.StepCompleted' : 'holdfast.step.v1.StepFailed',
    id: `${runId}/${step}/${attempt}/${result.ok ? 'completed' : 'failed'}`,
    source: `holdfast/${service}/${site}`,
    deployment,
    data: { runId, deployment, service, step, attempt, ...(result.ok ? {} : { error: wireError(result) }) },
  });
}

function wireError({ error }: StepResult & { ok: false }): Json {
  const { details, ...rest } = error;
  return { ...rest, detailsJson: JSON.stringify(details) } as unknown as Json;
}
