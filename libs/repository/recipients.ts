import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { KeyRing } from './keys.ts';
import { NumberedLists } from './numbered-lists.ts';

export const RECIPIENT_NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const recipientSchema = z.object({
  name: z.string().regex(RECIPIENT_NAME_PATTERN),
  /** `passphrase`: whose identity lies in the store, locked with one. */
  kind: z.enum(['identity', 'passphrase']),
  /** age recipient: X25519, or the hybrid one. */
  recipient: z.string().regex(/^age1[a-z0-9]+$/),
  /** RFC 3339. */
  addedAt: z.string(),
});
/** Who has a slot of the newest key epoch, and which ring that is (FORMAT.md#recipients). */
const schema = z.object({
  format: z.literal(1),
  epoch: z.int().min(1),
  /** `ringDigest`, 64 hex. */
  ring: z.string(),
  recipients: z.array(recipientSchema),
});

export type Recipient = z.infer<typeof recipientSchema>;
export type Recipients = z.infer<typeof schema>;

export const RECIPIENTS_PREFIX = 'keys/recipients/';

export function recipientLists(store: ObjectStore, verifying: string): NumberedLists<Recipients> {
  return new NumberedLists({
    store,
    prefix: RECIPIENTS_PREFIX,
    verifying,
    schema,
    damaged: (object) => new HoldfastError('REPOSITORY_READ_ONLY', { object, reason: 'damaged' }),
  });
}

/** Tells rings apart, and tells nothing of their keys. */
export function ringDigest(ring: KeyRing): string {
  const hash = createHash('sha256').update('holdfast/2/ring');
  for (const key of ring) hash.update(key);
  return hash.digest('hex');
}
