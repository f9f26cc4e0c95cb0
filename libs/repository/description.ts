import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { signBytes, type RepositoryKeys } from './keys.ts';
import { isSignedJson } from './signed-json.ts';
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
/** Also of another format, as far as it is signed as this one is. */
const signed = z.looseObject({
  format: z.int(),
  repository: z.string().regex(/^[0-9a-f]{32}$/),
  verifyingKey: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string(),
});

/** Whole is what its own key signed, whoever that is. */
export type FoundDescription =
  | { readonly state: 'missing' }
  /** With the format that it claims. */
  | { readonly state: 'damaged'; readonly format: number | undefined }
  | { readonly state: 'whole'; readonly id: string; readonly verifyingKey: string };

export function signDescription(keys: RepositoryKeys, description: Description): Buffer {
  const signature = signBytes(keys, Buffer.from(canonicalJson(description)));
  return Buffer.from(`${JSON.stringify({ ...description, signature }, undefined, 2)}\n`);
}

/** Throws REPOSITORY_VERSION for a whole one of another format. */
export async function findDescription(store: ObjectStore): Promise<FoundDescription> {
  const bytes = await findBytes(store, DESCRIPTION_OBJECT);
  if (bytes === undefined) return { state: 'missing' };
  const json = jsonIfAny(bytes);
  const whole = findSigned(json);
  if (whole === undefined) return { state: 'damaged', format: versioned.safeParse(json).data?.format };
  if (whole.format !== FORMAT_VERSION)
    throw new HoldfastError('REPOSITORY_VERSION', { seen: whole.format, wanted: FORMAT_VERSION });
  return { state: 'whole', id: whole.repository, verifyingKey: whole.verifyingKey };
}

function findSigned(json: unknown) {
  const parsed = signed.safeParse(json);
  if (!parsed.success) return undefined;
  const { signature, ...description } = parsed.data;
  return isSignedJson(description.verifyingKey, description, signature) ? description : undefined;
}
