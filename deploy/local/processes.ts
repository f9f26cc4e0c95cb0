import { DEFAULT_PACE, type Pace } from './restart-delay.ts';
import { SupervisedProcess, type ProcessPlan, type ProcessState } from './supervised-process.ts';

export type { ProcessPlan, ProcessState } from './supervised-process.ts';

export interface Supervisor extends AsyncDisposable {
  /** Starts processes side by side and waits until all are healthy. Throws TOOL_FAILED. */
  start(plans: readonly ProcessPlan[], signal?: AbortSignal): Promise<void>;
  states(): ProcessState[];
  /** Ends all in the reverse order of their start. Idempotent. */
  stop(): Promise<void>;
}

/** Keeps child processes running; `onChange` is called at once whenever a pid or a status changed. */
export function supervise(
  options: { onChange?: (states: ProcessState[]) => void; pace?: Partial<Pace> } = {},
): Supervisor {
  const pace = { ...DEFAULT_PACE, ...options.pace };
  const stages: SupervisedProcess[][] = [];
  const states = () => stages.flat().map((child) => child.state);
  const onChange = () => options.onChange?.(states());
  const stop = async () => {
    for (const stage of stages.toReversed()) await Promise.all(stage.map((child) => child.stop()));
  };
  return {
    states,
    stop,
    start: async (plans, signal) => {
      const stage = plans.map((plan) => new SupervisedProcess(plan, pace, onChange));
      stages.push(stage);
      await Promise.all(stage.map((child) => child.start(signal)));
    },
    [Symbol.asyncDispose]: stop,
  };
}
