import { randomBytes } from 'node:crypto';
import { Client } from 'minio';
import { Secret } from '#libs/kernel/secret.ts';

/** Of the servers that a test run starts. */
export const credentials = {
  accessKey: process.env['HOLDFAST_TEST_S3_ACCESS_KEY'] ?? '',
  secretKey: new Secret(process.env['HOLDFAST_TEST_S3_SECRET_KEY'] ?? ''),
};

export function addressOf(kind: string): string {
  const stores = (process.env['HOLDFAST_TEST_S3'] ?? '').split(',');
  const address = stores.find((store) => store.startsWith(`${kind}=`))?.slice(kind.length + 1);
  if (address === undefined) throw new Error(`HOLDFAST_TEST_S3 names no ${kind}: run the tests by npm test`);
  return address;
}

/** A bucket with object lock, and a client of the same credentials that asks more than a store does. */
export async function lockedBucket(kind: string) {
  const address = addressOf(kind);
  const endpoint = new URL(new URL(address).searchParams.get('endpoint') ?? '');
  const region = 'us-east-1';
  const client = new Client({
    endPoint: endpoint.hostname,
    port: Number(endpoint.port),
    useSSL: false,
    region,
    accessKey: credentials.accessKey,
    secretKey: credentials.secretKey.reveal(),
  });
  const bucket = `locked-${randomBytes(4).toString('hex')}`;
  await client.makeBucket(bucket, region, { ObjectLocking: true });
  return { client, bucket, address: address.replace(/\/\/[^/?]+/, `//${bucket}`) };
}
