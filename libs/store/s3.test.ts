import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { Secret } from '#libs/kernel/secret.ts';
import { storeConformance } from './conformance.ts';
import { openStore } from './open-store.ts';
import { s3Store } from './s3.ts';

const credentials = {
  accessKey: process.env['HOLDFAST_TEST_S3_ACCESS_KEY'] ?? '',
  secretKey: new Secret(process.env['HOLDFAST_TEST_S3_SECRET_KEY'] ?? ''),
};

for (const kind of ['minio', 'versitygw']) {
  storeConformance(kind, async () => ({
    store: openStore(addressOf(kind), credentials),
    [Symbol.asyncDispose]: async () => {},
  }));

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

function addressOf(kind: string): string {
  const stores = (process.env['HOLDFAST_TEST_S3'] ?? '').split(',');
  const address = stores.find((store) => store.startsWith(`${kind}=`))?.slice(kind.length + 1);
  if (address === undefined) throw new Error(`HOLDFAST_TEST_S3 names no ${kind}: run the tests by npm test`);
  return address;
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
