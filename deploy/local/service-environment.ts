import type { ProcessName } from '#libs/contracts/services.ts';
import { delimiter } from 'node:path';
import type { Environment } from './cache-folder.ts';
import type { Home } from './home.ts';
import type { S3Credentials } from './s3-bucket.ts';

/** What is the same for all services of one stack. */
export interface StackContext {
  readonly home: Home;
  readonly natsUrl: string;
  readonly storeUrl: string;
  readonly secondStoreUrl?: string | undefined;
  readonly credentials: S3Credentials | undefined;
  /** Of the stack's own services, and of other sites' as its starter was told. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Folder of the PostgreSQL clients that were found. */
  readonly pgBin: string | undefined;
  readonly env: Environment;
}

/** The configuration contract: the caller's environment and, over it, what the stack decides. */
export function planServiceEnvironment(service: ProcessName, stack: StackContext): Record<string, string> {
  const { home, natsUrl, storeUrl, credentials, addresses, pgBin, env } = stack;
  const inherited = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(inherited),
    // glibc otherwise keeps a heap for each thread of the pool: 30 MiB at the peak of each service.
    MALLOC_ARENA_MAX: env['MALLOC_ARENA_MAX'] || '2',
    HOLDFAST_HOME: home.folder,
    HOLDFAST_SERVICE: service,
    HOLDFAST_SITE: env['HOLDFAST_SITE'] || 'local',
    HOLDFAST_NATS_URL: natsUrl,
    HOLDFAST_NATS_TOKEN_FILE: home.natsTokenFile,
    HOLDFAST_STORE_URL: storeUrl,
    HOLDFAST_SECOND_STORE_URL: stack.secondStoreUrl ?? '',
    ...(credentials && {
      HOLDFAST_STORE_ACCESS_KEY: credentials.accessKey,
      HOLDFAST_STORE_SECRET_KEY: credentials.secretKey,
    }),
    HOLDFAST_KEY_FILE: env['HOLDFAST_KEY_FILE'] || home.keyFile,
    HOLDFAST_TOKEN_FILE: home.tokenFile,
    HOLDFAST_ENV_FILE: home.envFile,
    HOLDFAST_LISTEN: addresses[service] ?? '127.0.0.1:0',
    HOLDFAST_ADDRESSES: JSON.stringify(addresses),
    ...(pgBin && { HOLDFAST_PG_BIN: pgBin, PATH: `${env['PATH'] ?? ''}${delimiter}${pgBin}` }),
  };
}
