import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createBucket } from './s3-bucket.ts';

const credentials = { accessKey: 'a', secretKey: 'b' };

const STATUS: Readonly<Record<string, number>> = { XMinioServerNotInitialized: 503, AccessDenied: 403 };

test('a store that is not initialized yet is asked again; one that refuses is not', async () => {
  const starting = Array.from({ length: 4 }, () => 'XMinioServerNotInitialized');
  const answers = [...starting, undefined, 'AccessDenied'];
  let asked = 0;
  const server = createServer((_, response) => {
    const code = answers[asked++];
    response.writeHead(STATUS[code ?? ''] ?? 200).end(`<Error><Code>${code ?? ''}</Code></Error>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const create = () => createBucket({ endpoint, region: 'r', bucket: 'holdfast', credentials });
    await create();
    assert.equal(asked, 5);
    await assert.rejects(create(), { code: 'STORE_REFUSED' });
    assert.equal(asked, 6);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
