import type { Spec } from './spec.ts';

/** How a restored database differs, on purpose, from its snapshot: logins and due tasks are of the place they came from. */
export interface Adaptation {
  readonly sessions: 'keep' | 'drop';
  readonly schedules: 'keep' | 'hold';
}

/** By name in any schema. */
export const SESSION_TABLE = 'django_session';
export const SCHEDULE_TABLE = 'django_celery_beat_periodictask';

/** `source` is whose snapshot it is. Pure. */
export function adaptationOf(spec: Spec, source: string): Adaptation {
  const foreign = source !== spec.deployment;
  return {
    sessions: spec.restore.sessions ?? (foreign ? 'drop' : 'keep'),
    schedules: spec.restore.schedules ?? (foreign ? 'hold' : 'keep'),
  };
}
