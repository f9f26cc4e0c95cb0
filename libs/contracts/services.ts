/** The five services and what each serves; addresses and subjects follow from these names. */
export const SERVICE_NAMES = [
  'db-snapshot',
  'file-snapshot',
  'config-vault',
  'verifier',
  'restore-coordinator',
] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];
/** What one process runs: a service, or all five. */
export type ProcessName = ServiceName | 'inline';
