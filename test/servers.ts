import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '#deploy/local/postgres-server.ts';
import { startObjectServer } from '#deploy/local/standalone-server.ts';
import { findTool } from '#deploy/local/tools.ts';

export interface TestServers extends AsyncDisposable {
  /** What tests read: HOLDFAST_TEST_DB_URL, HOLDFAST_TEST_S3, its credentials, PG_BIN. */
  readonly environment: Record<string, string>;
}

/** The servers that tests share: PostgreSQL, and two S3 stores of different make. */
export async function startTestServers(options: {
  folder: string;
  onNote: (note: string) => void;
}): Promise<TestServers> {
  const { folder, onNote } = options;
  await using stack = new AsyncDisposableStack();
  const postgres = await startPostgres({ dataFolder: join(folder, 'pg'), onNote });
  stack.defer(() => postgres.discard());
  const credentials = { accessKey: 'holdfast-test', secretKey: randomBytes(24).toString('hex') };
  const stores = [];
  for (const kind of ['minio', 'versitygw'] as const) {
    await mkdir(join(folder, kind));
    await writeFile(join(folder, kind, 'credentials.json'), JSON.stringify(credentials), { mode: 0o600 });
    stores.push({
      kind,
      url: stack.use(await startObjectServer({ kind, folder: join(folder, kind), onNote })).storeUrl,
    });
  }
  const nats = await findTool('nats-server', { onNote });
  const environment = {
    HOLDFAST_TEST_DB_URL: postgres.superuserUrl,
    HOLDFAST_TEST_NATS_SERVER: nats.path,
    HOLDFAST_TEST_S3: stores.map(({ kind, url }) => `${kind}=${url}`).join(','),
    HOLDFAST_TEST_S3_ACCESS_KEY: credentials.accessKey,
    HOLDFAST_TEST_S3_SECRET_KEY: credentials.secretKey,
    PG_BIN: postgres.bin,
  };
  const owned = stack.move();
  return { environment, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
