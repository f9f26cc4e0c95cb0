import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { sha256Of } from './chunk.ts';
import type { RepositoryKeys } from './keys.ts';
import type { Component, Snapshot } from './port.ts';
import { openPacked, sealPacked } from './sealed-object.ts';

interface Parts {
  readonly store: ObjectStore;
  readonly keys: RepositoryKeys;
}

interface Where {
  readonly deployment: string;
  readonly component: Component;
  readonly id: string;
}

/** A second put of the same snapshot (a step that was repeated) finds the first one. Throws OBJECT_EXISTS otherwise. */
export async function putSnapshot(
  { store, keys }: Parts,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<{ digest: string }> {
  const name = snapshotObject(snapshot);
  const text = canonicalJson(snapshot);
  const sealed = sealPacked(keys, name, Buffer.from(text));
  try {
    await store.put(name, sealed, { createOnly: true, ...signalOption(signal) });
    return { digest: digestOf(sealed) };
  } catch (error) {
    if (HoldfastError.from(error).code !== 'OBJECT_EXISTS') throw error;
    // Sealed under another nonce, so the bytes differ: what they say is compared.
    const first = await store.get(name, signalOption(signal));
    if (openSnapshot(keys, name, first) !== text) throw error;
    return { digest: digestOf(first) };
  }
}

export async function readSnapshot(
  { store, keys }: Parts,
  where: Where & { readonly digest?: string },
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const name = snapshotObject(where);
  const sealed = await store.get(name, signalOption(signal));
  if (where.digest !== undefined && digestOf(sealed) !== where.digest)
    throw new HoldfastError('SNAPSHOT_DAMAGED', { object: name, reason: 'digest' });
  return JSON.parse(openSnapshot(keys, name, sealed)) as Snapshot;
}

function openSnapshot(keys: RepositoryKeys, name: string, sealed: Buffer): string {
  const plain = openPacked(keys, name, sealed);
  if (plain === undefined)
    throw new HoldfastError('SNAPSHOT_DAMAGED', { object: name, reason: 'does not open' });
  return plain.toString('utf8');
}

/** Also what the seal is bound to: a snapshot moved to another name does not open. */
function snapshotObject({ deployment, component, id }: Where): string {
  return `snapshots/${deployment}/${component}/${id}`;
}

function digestOf(sealed: Buffer): string {
  return sha256Of(sealed).toString('hex');
}
