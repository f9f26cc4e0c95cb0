import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from './connect.ts';

test('a caller that leaves does not wait for a server that takes the connection and says nothing', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const leaving = new AbortController();
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const url = new Secret(`postgresql://reader:pw@127.0.0.1:${port}/records`);
  const refused = assert.rejects(connectDatabase(url, { signal: leaving.signal }), { code: 'CANCELLED' });
  const [socket] = await connected;
  leaving.abort(new HoldfastError('CANCELLED'));
  await refused;
  socket.destroy();
  server.close();
});

test('a server that does not answer is DATABASE_UNREACHABLE', async () => {
  const url = new Secret('postgresql://reader:pw@127.0.0.1:1/records');
  await assert.rejects(connectDatabase(url), { code: 'DATABASE_UNREACHABLE' });
});

test('of two sessions that wait for each other the one that the server ends says DATABASE_CONTENDED', async () => {
  const url = new Secret(process.env['HOLDFAST_TEST_DB_URL'] ?? '');
  await using one = await connectDatabase(url);
  await using other = await connectDatabase(url);
  const lock = (key: number) => `SELECT pg_advisory_lock(${key})`;
  await one.run(lock(71));
  await other.run(lock(72));
  const waiting = [one.run(lock(72)), other.run(lock(71))];
  void Promise.allSettled(waiting);
  await assert.rejects(Promise.race(waiting), { code: 'DATABASE_CONTENDED', message: /deadlock/ });
});
