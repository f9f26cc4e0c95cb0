import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOrMakeSecret } from '#deploy/local/home.ts';
import { renderNatsConfig } from '#deploy/local/nats-server.ts';
import { readOrMakeIdentity } from '#services/operator/cli/key-files.ts';

/**
 * `node deploy/docker/make-secrets.ts [FOLDER]` on the host: everything the containers are told in secret, one file
 * each. What is there is kept. Containers read the files under users of their own, so the files are readable and the
 * folder is closed.
 */
const folder = process.argv[2] ?? 'secrets';
await mkdir(folder, { recursive: true, mode: 0o700 });
await chmod(folder, 0o700);
const file = (name: string) => join(folder, name);
await readOrMakeIdentity(file('identity.txt'), [
  'Holdfast: everyday key of the containers. Keep it private.',
]);
await readOrMakeIdentity(file('recovery-key.txt'), [
  'Holdfast: offline recovery key. Move it off this machine once the store is prepared.',
]);
await readOrMakeSecret(file('token'));
await readOrMakeSecret(file('grafana-password'));
const nats = await readOrMakeSecret(file('nats-token'));
const postgres = await readOrMakeSecret(file('postgres-password'));
const store = await readOrMakeSecret(file('store-password'));
await keep('nats.conf', natsConfig(nats));
await keep('store.env', storeEnvironment(store));
await keep('services.env', `REFERENCE_DATABASE_URL=postgresql://postgres:${postgres}@postgres:5432/edms\n`);
await keep('pg_service.conf', `[edms]\nhost=postgres\nuser=postgres\npassword=${postgres}\n`);
for (const name of await readdir(folder)) await chmod(file(name), 0o444);
process.stdout.write(`${folder}: ${(await readdir(folder)).toSorted().join(' ')}\n`);

/** The host's configuration, open to the network of the containers. */
function natsConfig(token: string): string {
  const text = renderNatsConfig({ port: 4222, token, storeFolder: '/data' });
  return text.replace('127.0.0.1:', '0.0.0.0:');
}

/** One file for both sides: what MinIO is started with, and what the services say. */
function storeEnvironment(password: string): string {
  const lines = ['MINIO_ROOT_USER', 'HOLDFAST_STORE_ACCESS_KEY'].map((name) => `${name}=holdfast`);
  const words = ['MINIO_ROOT_PASSWORD', 'HOLDFAST_STORE_SECRET_KEY'].map((name) => `${name}=${password}`);
  return [...lines, ...words, ''].join('\n');
}

async function keep(name: string, text: string): Promise<void> {
  await writeFile(file(name), text, { flag: 'wx', mode: 0o444 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
