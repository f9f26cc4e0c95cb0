import type { Schedule } from '#libs/contracts/schedule.ts';
import { openRuns, type LogEntry, type LogEvent } from '#libs/saga/log.ts';
import { foldTriggers, type Trigger } from '#libs/saga/triggers.ts';
import type { RunRequest } from '../ports.ts';
import { planSlot } from './slots.ts';
import { askedRuns } from './triggers.ts';

/** What a deployment asks for by itself at a time: by its schedule, and by events that wait for their run. */
export interface Due {
  /** To be in the log before the runs are opened. */
  readonly record: readonly LogEvent[];
  readonly open: readonly Omit<RunRequest, 'specVersion'>[];
  /** When to look again; undefined: when something happened. */
  readonly lookAtMs: number | undefined;
}

/** Pure: the same log at the same time always asks for the same runs. */
export function planDue(
  deployment: string,
  entries: readonly LogEntry[],
  schedule: Schedule | undefined,
  nowMs: number,
): Due {
  const slots = planSlot(deployment, entries, schedule, nowMs);
  // A restore has the deployment alone: whatever is due waits for its end.
  if (openRuns(entries).some(({ exclusive }) => exclusive))
    return { record: [], open: [], lookAtMs: undefined };
  const asked = askedRuns(foldTriggers(deployment, entries), nowMs);
  const backup = { kind: 'backup', deployment, parameters: {} } as const;
  const open: Due['open'] = [
    ...(slots.slot === undefined
      ? []
      : [{ ...backup, principal: 'schedule', origin: 'slot', key: slots.slot } as const]),
    ...asked.filter(({ dueMs }) => dueMs <= nowMs).map(({ oldest }) => ({ ...backup, ...wishOf(oldest) })),
  ];
  const later = asked.map(({ dueMs }) => dueMs).filter((dueMs) => dueMs > nowMs);
  const times = [...(slots.nextMs === undefined ? [] : [slots.nextMs]), ...later];
  return { record: slots.record, open, lookAtMs: times.length === 0 ? undefined : Math.min(...times) };
}

function wishOf({ key, type, components }: Trigger) {
  return {
    principal: `event:${type}`,
    origin: 'event' as const,
    key,
    parameters: components === undefined ? {} : { components: [...components] },
  };
}
