import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { storeConformance } from './conformance.ts';
import { addressOf, credentials, lockedBucket } from './locked-bucket.ts';
import { openStore } from './open-store.ts';
import { s3Store } from './s3.ts';

for (const kind of ['minio', 'versitygw']) {
  storeConformance(kind, async () => ({
    store: openStore(addressOf(kind), credentials),
    [Symbol.asyncDispose]: async () => {},
  }));

  storeConformance(`${kind} with object lock`, async () => ({
    store: openStore((await lockedBucket(kind)).address, credentials),
    [Symbol.asyncDispose]: async () => {},
  }));

  test(`${kind}: the locked version of an object cannot be removed with the service's own credentials`, async () => {
    const { address, client, bucket } = await lockedBucket(kind);
    const store = openStore(address, credentials);
    await store.put('a', Buffer.from('kept'), { createOnly: true });
    await store.retain('a', new Date(Date.now() + 3_600_000));
    const { versionId } = await client.statObject(bucket, 'a');
    const version = versionId == null || versionId === 'null' ? {} : { versionId };
    await assert.rejects(client.removeObject(bucket, 'a', { ...version, governanceBypass: true }));
    const sooner = new Date(Date.now() + 60_000).toISOString();
    const shorter = { mode: 'COMPLIANCE', retainUntilDate: sooner, ...version } as never;
    await assert.rejects(client.putObjectRetention(bucket, 'a', shorter));
    // Past this store: on a server with versions both go through, and hide the locked one.
    await client.putObject(bucket, 'a', Buffer.from('other')).catch(() => {});
    await client.removeObject(bucket, 'a').catch(() => {});
    assert.equal((await buffer(await client.getObject(bucket, 'a', version))).toString(), 'kept');
  });

  test(`${kind}: a wrong secret and a bucket that is not there are refused, not retried`, async () => {
    const stranger = openStore(addressOf(kind), { ...credentials, secretKey: new Secret('wrong') });
    await assert.rejects(stranger.get('a'), { code: 'STORE_REFUSED' });
    await assert.rejects(stranger.put('a', Buffer.from('x'), { createOnly: true }), {
      code: 'STORE_REFUSED',
    });
    const elsewhere = openStore(addressOf(kind).replace(/\/\/[^?]+/, '//no-such-bucket'), credentials);
    await assert.rejects(elsewhere.get('a'), { code: 'STORE_REFUSED' });
    await assert.rejects(elsewhere.probe(), { code: 'STORE_REFUSED' });
    await assert.rejects(Array.fromAsync(elsewhere.list('')), { code: 'STORE_REFUSED' });
  });

  test(`${kind}: bytes damaged on the way are not stored`, async () => {
    const name = `damaged/${randomBytes(8).toString('hex')}`;
    await using way = await startDamagingWay(addressOf(kind));
    await assert.rejects(way.store.put(name, randomBytes(100_000), { createOnly: true }), {
      code: 'STORE_UNREACHABLE',
    });
    assert.equal(await openStore(addressOf(kind), credentials).head(name), undefined);
  });
}

/** A proxy that changes the first byte of each body; the signature covers its own host and stays good. */
async function startDamagingWay(address: string) {
  const { port: storePort } = new URL(new URL(address).searchParams.get('endpoint') ?? '');
  const pass = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const body = await buffer(request);
    body[0] = 255 - (body[0] ?? 0);
    const { method, url: path, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port: storePort, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.end(body);
  };
  const server = http.createServer((request, response) => {
    pass(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    store: s3Store({
      endpoint: new URL(`http://127.0.0.1:${port}`),
      region: 'us-east-1',
      bucket: 'holdfast',
      ...credentials,
    }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
