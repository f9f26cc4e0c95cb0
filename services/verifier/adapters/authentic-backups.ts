import { openManifest, type Manifest } from '#libs/contracts/manifest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Repository } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';

/** Of the manifests below a name, the last first; one that is damaged or not signed by the repository is passed over. */
export async function* authenticBackups(
  prefix: string,
  { store, repository, signal }: { store: ObjectStore; repository: Repository; signal: AbortSignal },
): AsyncIterable<Manifest> {
  const names = await Array.fromAsync(store.list(prefix, { signal }), ({ name }) => name);
  for (const name of names.toReversed()) {
    const [, deployment = '', id = ''] = /^backups\/([^/]+)\/([^/]+)\.json$/.exec(name) ?? [];
    const bytes = await store.get(name, { signal });
    try {
      yield openManifest(bytes, { deployment, id }, (...signed) => repository.verifySignature(...signed));
    } catch (thrown) {
      if (HoldfastError.from(thrown).code !== 'MANIFEST_DAMAGED') throw thrown;
    }
  }
}
