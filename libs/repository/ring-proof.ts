import { jsonIfAny } from '#libs/kernel/json.ts';
import { findBytes } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { RepositoryKeys } from './keys.ts';
import { findPackTable } from './pack-table.ts';
import { isSignedJson } from './signed-json.ts';
import { z } from 'zod';

/** Of each kind: some may be damaged as well. */
const SAMPLES = 8;

const signedManifest = z.looseObject({ manifest: z.unknown(), signature: z.string() });

/** The first whose keys made something that lies in the store: a manifest's signature holds, or a pack's table opens. */
export async function findProven<T extends { readonly keys: RepositoryKeys }>(
  store: ObjectStore,
  candidates: readonly T[],
): Promise<T | undefined> {
  if (candidates.length === 0) return undefined;
  const [manifests, packs] = [await listSome(store, 'backups/'), await listSome(store, 'packs/')];
  for (const candidate of candidates) {
    for (const { name } of manifests) if (await hasSigned(store, candidate.keys, name)) return candidate;
    for (const { name, bytes } of packs) {
      const pack = name.slice(name.lastIndexOf('/') + 1);
      if ((await findPackTable(store, candidate.keys, { pack, bytes })) !== undefined) return candidate;
    }
  }
  return undefined;
}

async function hasSigned(store: ObjectStore, keys: RepositoryKeys, name: string): Promise<boolean> {
  const bytes = await findBytes(store, name);
  const { data } = signedManifest.safeParse(bytes && jsonIfAny(bytes));
  return data !== undefined && isSignedJson(keys.verifying, data.manifest, data.signature);
}

async function listSome(store: ObjectStore, prefix: string) {
  const some = [];
  for await (const object of store.list(prefix)) {
    some.push(object);
    if (some.length === SAMPLES) break;
  }
  return some;
}
