import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Environment } from './cache-folder.ts';
import type { ProcessPlan } from './processes.ts';
import { isHttpHealthy } from './probes.ts';
import type { S3Credentials } from './s3-bucket.ts';

/** A directory, a server of our own on loopback, or an object store that runs elsewhere. */
export type StoreChoice =
  | { readonly kind: 'disk' | 'minio' | 'versitygw' }
  | { readonly kind: 'url'; readonly url: string };
export type ServerKind = 'minio' | 'versitygw';

export const BUCKET = 'holdfast';
export const REGION = 'us-east-1';

/** `disk:` and the absolute path, percent-encoded as in a file URL. */
export function diskStoreUrl(folder: string): string {
  return `disk:${pathToFileURL(folder).pathname}`;
}

export function serverStoreUrl(port: number): string {
  return `s3://${BUCKET}?endpoint=http://127.0.0.1:${port}&region=${REGION}`;
}

/** Plans an S3 server on loopback with its data in the folder; credentials go by environment, not by argument. */
export async function planObjectServer(options: {
  kind: ServerKind;
  program: string;
  folder: string;
  logFile: string;
  port: number;
  credentials: S3Credentials;
  env: Environment;
}): Promise<ProcessPlan> {
  const { kind, program, folder, logFile, port, credentials, env } = options;
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  const address = `127.0.0.1:${port}`;
  const common = { name: kind, cwd: folder, logFile, port };
  switch (kind) {
    case 'minio':
      return {
        ...common,
        command: [program, 'server', '--address', address, '--certs-dir', join(folder, 'certs'), data],
        env: {
          ...env,
          MINIO_ROOT_USER: credentials.accessKey,
          MINIO_ROOT_PASSWORD: credentials.secretKey,
          // No console, no look for updates: nothing but the loopback port.
          MINIO_BROWSER: 'off',
          MINIO_UPDATE: 'off',
        },
        isHealthy: async (signal) => await isHttpHealthy(`http://${address}/minio/health/ready`, signal),
      };
    case 'versitygw':
      return {
        ...common,
        command: [program, '--port', address, '--region', REGION, '--health', '/health', 'posix', data],
        env: { ...env, ROOT_ACCESS_KEY: credentials.accessKey, ROOT_SECRET_KEY: credentials.secretKey },
        isHealthy: async (signal) => await isHttpHealthy(`http://${address}/health`, signal),
      };
    default:
      return kind satisfies never;
  }
}

/** Made once and kept 0600: the data were written under them. */
export async function readOrMakeCredentials(file: string): Promise<S3Credentials> {
  const made = {
    accessKey: `holdfast-${randomBytes(4).toString('hex')}`,
    secretKey: randomBytes(24).toString('hex'),
  };
  await writeFile(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return JSON.parse(await readFile(file, 'utf8')) as S3Credentials;
}
