import { Client } from 'minio';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '#libs/kernel/errors.ts';

export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** MinIO says that it is ready a moment before it is; a busy machine makes it longer. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 200;
/** The client tells a 503, as which it comes, only by its status. */
const NOT_YET = /XMinioServerNotInitialized|HTTP status: 503$/;
const THERE_ALREADY = new Set(['BucketAlreadyOwnedByYou', 'BucketAlreadyExists']);

/** Creates a bucket of a server that was just started. Idempotent. Throws STORE_REFUSED. */
export async function createBucket(options: {
  endpoint: string;
  region: string;
  bucket: string;
  credentials: S3Credentials;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const { endpoint, bucket, region, credentials, signal } = options;
  const { hostname, port, protocol } = new URL(endpoint);
  const useSSL = protocol === 'https:';
  const client = new Client({ endPoint: hostname, port: Number(port), useSSL, region, ...credentials });
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await client.makeBucket(bucket, region);
    } catch (cause) {
      const reason = (cause as { code?: string }).code ?? String(cause);
      if (THERE_ALREADY.has(reason)) return;
      if (!NOT_YET.test(reason) || performance.now() > giveUpAt)
        throw new HoldfastError('STORE_REFUSED', { operation: 'create bucket', bucket, reason }, { cause });
    }
    await pause(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
  }
}
