import { manifestSchema, signedManifestSchema, type Manifest } from '#libs/contracts/manifest.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Of the manifests below a name, the last first; one that is damaged or not signed by the repository is passed over. */
export async function* authenticBackups(
  prefix: string,
  { store, repository, signal }: { store: ObjectStore; repository: Repository; signal: AbortSignal },
): AsyncIterable<Manifest> {
  const names = await Array.fromAsync(store.list(prefix, { signal }), ({ name }) => name);
  for (const name of names.toReversed()) {
    const signed = signedManifestSchema.safeParse(jsonIfAny(await store.get(name, { signal })));
    if (!signed.success) continue;
    const { manifest, signature } = signed.data;
    const parsed = manifestSchema.parse(manifest);
    if (repository.verifySignature(Buffer.from(canonicalJson(parsed)), signature)) yield parsed;
  }
}
