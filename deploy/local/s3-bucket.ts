import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { createHmac } from 'node:crypto';

export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Creates a bucket by one signed request (AWS signature version 4). Idempotent. Throws STORE_REFUSED. */
export async function createBucket(options: {
  endpoint: string;
  region: string;
  bucket: string;
  credentials: S3Credentials;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const { endpoint, bucket, region, credentials, signal } = options;
  const url = new URL(`/${bucket}`, endpoint);
  const headers = signRequest({ url, region, credentials, at: new Date() });
  const response = await fetch(url, { method: 'PUT', headers, ...(signal === undefined ? {} : { signal }) });
  const answer = await response.text();
  if (response.ok || answer.includes('BucketAlreadyOwnedByYou') || answer.includes('BucketAlreadyExists'))
    return;
  const reason = /<Code>([^<]*)<\/Code>/.exec(answer)?.[1] ?? `status ${response.status}`;
  throw new HoldfastError('STORE_REFUSED', { operation: 'create bucket', bucket, reason });
}

/** A PUT without body: nothing but the address is signed. */
function signRequest({
  url,
  region,
  credentials,
  at,
}: {
  url: URL;
  region: string;
  credentials: S3Credentials;
  at: Date;
}) {
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const empty = sha256('');
  const signed = 'host;x-amz-content-sha256;x-amz-date';
  const canonical = [
    'PUT',
    url.pathname,
    '',
    `host:${url.host}`,
    `x-amz-content-sha256:${empty}`,
    `x-amz-date:${time}`,
    '',
    signed,
    empty,
  ];
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical.join('\n'))].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretKey}`,
  );
  const signature = hmac(key, toSign).toString('hex');
  return {
    'x-amz-content-sha256': empty,
    'x-amz-date': time,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
