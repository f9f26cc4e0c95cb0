import { HoldfastError } from '#libs/kernel/errors.ts';

/** Without a request id a repeated call would be a second run. */
export function requireRequestId(requestId: string): string {
  if (requestId.length < 8 || requestId.length > 128)
    throw new HoldfastError('MESSAGE_MALFORMED', {
      field: 'request_id',
      wanted: '8 to 128 characters, a UUID',
    });
  return requestId;
}
