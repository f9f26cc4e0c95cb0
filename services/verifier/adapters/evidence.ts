import type { SnapshotRef } from '#libs/contracts/requests.ts';
import { manifestSchema, signedManifestSchema } from '#libs/contracts/manifest.ts';
import { canonicalJson } from '#libs/kernel/json.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import type { Repository, Snapshot } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Evidence } from '../ports.ts';
import { authenticBackups } from './authentic-backups.ts';

/** Reads sealed snapshots and their streams. */
export function evidenceOf(repository: Repository, store: ObjectStore): Evidence {
  const read = (ref: SnapshotRef, signal: AbortSignal): Promise<Snapshot> =>
    repository.readSnapshot(ref, { signal });

  async function* records<T>(ref: SnapshotRef, stream: string, signal: AbortSignal): AsyncIterable<T> {
    const snapshot = await read(ref, signal);
    const source = snapshot.streams[stream];
    if (source !== undefined) yield* readNdjson<T>(repository.read(source, { signal }));
  }

  return {
    requireSnapshot: read,
    tables: (ref, signal) => records(ref, 'tables', signal),
    sequences: (ref, signal) => records(ref, 'sequences', signal),
    documents: (ref, signal) => records(ref, 'documents', signal),
    listing: (ref, signal) => records(ref, 'listing', signal),
    content: async (data, signal) => Buffer.concat(await Array.fromAsync(repository.read(data, { signal }))),
    backups: (deployment, signal) => authenticBackups(deployment, { store, repository, signal }),
    verifyPack: (name, signal) => repository.verifyPack(name, { signal }),
    hasPack: async (name, signal) =>
      (await store.head(`packs/${name.slice(0, 2)}/${name}`, { signal })) !== undefined,
    async *packsOfBackups(signal) {
      for await (const { name } of store.list('backups/', { signal }))
        yield packsCited(await store.get(name, { signal }), repository);
    },
  };
}

/** Only what this repository signed can spare a pack from being read again. */
function packsCited(bytes: Buffer, repository: Repository): readonly string[] {
  const parsed = signedManifestSchema.safeParse(parseJson(bytes));
  if (!parsed.success) return [];
  const { manifest, signature } = parsed.data;
  const signed = Buffer.from(canonicalJson(manifestSchema.parse(manifest)));
  if (!repository.verifySignature(signed, signature)) return [];
  return manifest.snapshots.flatMap(({ packs }) => packs);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
