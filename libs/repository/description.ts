import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { signBytes, verifyBytes, type RepositoryKeys } from './keys.ts';
import { z } from 'zod';

export const DESCRIPTION_OBJECT = 'holdfast.json';
export const FORMAT_VERSION = 2;

/** What anybody may read of a repository (FORMAT.md#holdfastjson). */
export interface Description {
  readonly format: typeof FORMAT_VERSION;
  /** 32 hex characters. */
  readonly repository: string;
  /** Raw Ed25519 public key, 64 hex characters. */
  readonly verifyingKey: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

const versioned = z.looseObject({ format: z.int() });
const signed = z.object({
  format: z.literal(FORMAT_VERSION),
  repository: z.string().regex(/^[0-9a-f]{32}$/),
  verifyingKey: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.string(),
  signature: z.string(),
});

export function signDescription(keys: RepositoryKeys, description: Description): Buffer {
  const signature = signBytes(keys, Buffer.from(canonicalJson(description)));
  return Buffer.from(`${JSON.stringify({ ...description, signature }, undefined, 2)}\n`);
}

/** Undefined when there is none. Throws REPOSITORY_VERSION, REPOSITORY_FOREIGN when it is no such object. */
export async function findDescription(
  store: ObjectStore,
): Promise<{ readonly id: string; isSignedBy(keys: RepositoryKeys): boolean } | undefined> {
  const bytes = await findBytes(store, DESCRIPTION_OBJECT);
  if (bytes === undefined) return undefined;
  const json = jsonIfAny(bytes);
  const version = versioned.safeParse(json).data?.format;
  if (version !== undefined && version !== FORMAT_VERSION)
    throw new HoldfastError('REPOSITORY_VERSION', { seen: version, wanted: FORMAT_VERSION });
  const parsed = signed.safeParse(json);
  if (!parsed.success)
    throw new HoldfastError('REPOSITORY_FOREIGN', { object: DESCRIPTION_OBJECT, reason: 'not readable' });
  const { signature, ...description } = parsed.data;
  return {
    id: description.repository,
    isSignedBy: (keys) =>
      keys.verifying === description.verifyingKey &&
      verifyBytes(keys, Buffer.from(canonicalJson(description)), signature),
  };
}
