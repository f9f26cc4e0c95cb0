import type { WorkerName } from '#libs/contracts/services.ts';
import type { ComponentName, Part } from '#libs/contracts/sites.ts';
import type { Verb } from '#libs/contracts/step.ts';
import type { CommandWork, LocalWork, SagaStep } from '#libs/saga/define.ts';

/** What the steps of restore, rollback and release are made of. */
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

/** For the worker that has this part. */
export function commandTo(
  { component, site }: Part,
  verb: Verb,
  request: CommandWork['request'],
): CommandWork {
  return { ...command(WORKERS[component], verb, request), site };
}

export function hook(name: 'stop' | 'reset' | 'start', site: string): CommandWork {
  return { ...command('config-vault', 'RunHook', () => ({ hook: name })), site };
}

export function doors(verb: 'CloseDatabase' | 'OpenDatabase', site: string): CommandWork {
  return commandTo({ component: 'database', site }, verb, () => ({}));
}
