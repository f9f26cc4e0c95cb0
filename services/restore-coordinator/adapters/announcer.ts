import type { Bus } from '#libs/bus/port.ts';
import { subjects } from '#libs/contracts/subjects.ts';
import type { StepCommand } from '#libs/contracts/step.ts';
import { spanIdOf } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { Host } from '#libs/runtime/host.ts';
import type { RunState } from '#libs/saga/fold.ts';
import { traceparentOf } from '#libs/telemetry/tracing.ts';

/** What the coordinator says on the bus. */
export function announcer(host: Host, bus: Bus) {
  const envelope = (subject: string, type: string, deployment: string, data: Json) => ({
    subject,
    type,
    source: `holdfast/${host.service}/${host.site}`,
    deployment,
    data,
  });
  return {
    /**
     * The same run, step, attempt and epoch is the same message: sent again after a crash it is one command. One that was
     * lost is sent as another, for the bus may have seen the first.
     */
    command: async (command: StepCommand, signal: AbortSignal, again: boolean): Promise<void> => {
      const { runId, step, attempt, epoch, deployment, service, site } = command;
      const subject = subjects.command(service, site);
      const publication = {
        ...envelope(subject, 'holdfast.step.v1.StepCommand', deployment, command as unknown as Json),
        id: `${runId}/${step}/${attempt}/${epoch}${again ? `/${host.clock.now()}` : ''}`,
        traceparent: traceparentOf(runId, spanIdOf(runId, step, attempt)),
      };
      await bus.publish(publication, { signal });
    },
    /** To the workers of the run; loss is harmless, for it is said again. */
    cancel: async (runId: string): Promise<void> =>
      bus.emit(envelope(subjects.cancel(runId), 'holdfast.step.v1.CancelSteps', '', { runId })),
    /** To whichever coordinator drives the run: look now. */
    news: (runId: string, deployment: string): void =>
      bus.emit(
        envelope(subjects.event(deployment, runId), 'holdfast.step.v1.CancelAsked', deployment, { runId }),
      ),
    finished: async ({ header, status }: RunState): Promise<void> => {
      const { runId, deployment, kind } = header;
      const data = { runId, deployment, kind, outcome: status };
      const subject = subjects.event(deployment, runId);
      await bus.publish({
        ...envelope(subject, 'holdfast.step.v1.RunFinished', deployment, data),
        id: `${runId}/finished`,
      });
    },
  };
}
