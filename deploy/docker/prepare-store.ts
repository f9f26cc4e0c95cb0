import { createBucket } from '#deploy/local/s3-bucket.ts';
import { createRepository, findRepository, openRepository } from '#libs/repository/open.ts';
import { readConfig } from '#libs/runtime/config.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { aboutObjects } from '#services/operator/cli/bundled.ts';

/**
 * `node deploy/docker/prepare-store.ts RECOVERY_KEY_FILE`, once before the services start: the bucket, the repository
 * for the everyday key and the recovery key, and the program that reads it. Idempotent; a repository that is there is
 * opened, never replaced.
 */
const config = readConfig('restore-coordinator', process.env);
const { storeUrl, storeAccessKey: accessKey, storeSecretKey: secretKey, keyFile } = config;
const address = new URL(storeUrl);
await createBucket({
  endpoint: address.searchParams.get('endpoint') ?? '',
  region: address.searchParams.get('region') ?? '',
  bucket: address.hostname,
  credentials: { accessKey: accessKey ?? '', secretKey: secretKey?.reveal() ?? '' },
});
const store = openStore(storeUrl, {
  ...(accessKey === undefined ? {} : { accessKey }),
  ...(secretKey === undefined ? {} : { secretKey }),
});
await store.probe();
const { id } = await openOrCreate(store);
for (const { name, bytes } of await aboutObjects()) await store.put(name, bytes, { createOnly: false });
process.stdout.write(`${JSON.stringify({ repository: id, store: store.name })}\n`);

async function openOrCreate(where: ObjectStore): Promise<{ id: string }> {
  const identity = await readIdentity(keyFile);
  if ((await findRepository(where)) !== undefined) return await openRepository({ store: where, identity });
  return await createRepository({
    store: where,
    identity,
    recovery: await readIdentity(process.argv[2] ?? ''),
  });
}
