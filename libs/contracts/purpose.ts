import { HoldfastError } from '#libs/kernel/errors.ts';

/** Of a Preflight: without it nobody knows what is asked. Throws MESSAGE_MALFORMED. */
export function requirePurpose({ purpose }: { readonly purpose: string }): void {
  if (purpose === 'PURPOSE_UNSPECIFIED')
    throw new HoldfastError('MESSAGE_MALFORMED', { field: 'purpose', wanted: 'one of the named purposes' });
}
