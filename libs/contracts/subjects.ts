import type { ServiceName } from './services.ts';

/** Streams and subjects, once. A token never holds a dot: ids are restricted to letters, digits and dashes. */
export const STREAMS = {
  EDMS: { subjects: ['edms.>'] },
  COMMANDS: { subjects: ['holdfast.cmd.>'] },
  EVENTS: { subjects: ['holdfast.evt.>'] },
} as const;

export const subjects = {
  command: (service: ServiceName, site: string) => `holdfast.cmd.${service}.${site}`,
  event: (deployment: string, run: string) => `holdfast.evt.${deployment}.${run}`,
  anyEvent: 'holdfast.evt.>',
  trigger: (deployment: string) => `edms.${deployment}`,
  anyTrigger: 'edms.>',
  /** Signs of life of the worker that has a step of the run in hand. */
  alive: (run: string) => `holdfast.alive.${run}`,
  anyAlive: 'holdfast.alive.*',
  progress: (run: string) => `holdfast.progress.${run}`,
  cancel: (run: string) => `holdfast.cancel.${run}`,
  anyCancel: 'holdfast.cancel.*',
} as const;
