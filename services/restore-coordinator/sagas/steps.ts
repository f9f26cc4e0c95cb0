import type { WorkerName } from '#libs/contracts/services.ts';
import type { Verb } from '#libs/contracts/step.ts';
import type { CommandWork, LocalWork, SagaStep } from '#libs/saga/define.ts';

/** What the steps of restore, rollback and release are made of. */
export type ComponentName = 'database' | 'files' | 'config';
export const WORKERS = {
  database: 'db-snapshot',
  files: 'file-snapshot',
  config: 'config-vault',
} as const satisfies Record<ComponentName, WorkerName>;

const HOUR_MS = 3_600_000;

export function step(name: string, after: readonly string[], work: CommandWork | LocalWork): SagaStep {
  return { name, after, work, attemptsMax: 2, deadlineMs: 24 * HOUR_MS };
}

export function command(service: WorkerName, verb: Verb, request: CommandWork['request']): CommandWork {
  return { service, verb, request };
}

export function hook(name: 'stop' | 'reset' | 'start'): CommandWork {
  return command('config-vault', 'RunHook', () => ({ hook: name }));
}
