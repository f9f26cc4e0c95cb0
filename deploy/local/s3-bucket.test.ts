import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createBucket } from './s3-bucket.ts';

const credentials = { accessKey: 'a', secretKey: 'b' };

test('a store that is not initialized yet is asked again; one that refuses is not', async () => {
  const answers = ['XMinioServerNotInitialized', 'XMinioServerNotInitialized', undefined, 'AccessDenied'];
  let asked = 0;
  const server = createServer((_, response) => {
    const code = answers[asked++];
    response.writeHead(code === undefined ? 200 : 503).end(`<Error><Code>${code ?? ''}</Code></Error>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const create = () => createBucket({ endpoint, region: 'r', bucket: 'holdfast', credentials });
    await create();
    assert.equal(asked, 3);
    await assert.rejects(create(), { code: 'STORE_REFUSED' });
    assert.equal(asked, 4);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
