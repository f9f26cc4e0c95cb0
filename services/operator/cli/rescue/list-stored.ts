import { manifestSchema, signedManifestSchema } from '#libs/contracts/manifest.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import type { RescueHost } from './open-rescue.ts';

export type StoredBackup =
  | {
      readonly deployment: string;
      readonly backupId: string;
      readonly mark: string;
      readonly committedAt: string;
      readonly completeness: string;
    }
  | { readonly deployment: string; readonly backupId: string; readonly damaged: string };

/** Backups of one deployment or of all, newest first; one whose signature does not hold is listed as damaged. */
export async function listStored(
  { store, repository }: Pick<RescueHost, 'store' | 'repository'>,
  deployment?: string,
): Promise<readonly StoredBackup[]> {
  const found: StoredBackup[] = [];
  for await (const { name } of store.list(deployment === undefined ? 'backups/' : `backups/${deployment}/`)) {
    const match = /^backups\/([^/]+)\/([^/]+)\.json$/.exec(name);
    if (match === null) continue;
    found.push(
      readStored(await store.get(name), { deployment: match[1]!, backupId: match[2]! }, (bytes, signature) =>
        repository.verifySignature(bytes, signature),
      ),
    );
  }
  return found.toSorted(
    (a, b) => a.deployment.localeCompare(b.deployment) || b.backupId.localeCompare(a.backupId),
  );
}

function readStored(
  bytes: Buffer,
  where: { deployment: string; backupId: string },
  verify: (bytes: Buffer, signature: string) => boolean,
): StoredBackup {
  const parsed = signedManifestSchema.safeParse(jsonIfAny(bytes));
  if (!parsed.success) return { ...where, damaged: 'not a manifest' };
  const manifest = manifestSchema.parse(parsed.data.manifest);
  if (!verify(Buffer.from(canonicalJson(manifest)), parsed.data.signature))
    return { ...where, damaged: 'signature does not hold' };
  if (manifest.deployment !== where.deployment || manifest.backupId !== where.backupId)
    return { ...where, damaged: 'lies under another name' };
  const { mark, committedAt, completeness } = manifest;
  return { ...where, mark, committedAt, completeness };
}
