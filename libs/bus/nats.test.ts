import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { silentLog } from '#libs/telemetry/log.ts';
import { startNatsServer } from '#libs/testkit/nats-server.ts';
import { busConformance } from './conformance.ts';
import { openNatsBus } from './nats.ts';
import type { Bus, Publication, StreamName } from './port.ts';

busConformance('NATS', async () => {
  const server = await startNatsServer();
  const raw = await connect({ servers: server.url });
  return {
    open: () => openNatsBus({ url: server.url, name: 'conformance', log: silentLog }),
    publishRaw: async (subject, bytes) => void (await raw.jetstream().publish(subject, bytes)),
    stored: (stream) => storedIn(raw, stream),
    async [Symbol.asyncDispose]() {
      await raw.close();
      await server[Symbol.asyncDispose]();
    },
  };
});

test('a publish issued while the server is dead arrives once when it is back', async () => {
  await using server = await startNatsServer();
  await using bus = await openNatsBus({ url: server.url, name: 'reconnect', log: silentLog });
  const seen: string[] = [];
  await using _consumer = await consume(bus, (id) => seen.push(id));
  await bus.publish(command('before'));
  await until(() => seen.length === 1);
  await server.kill();
  const during = bus.publish(command('during'));
  await pause(500);
  await server.restart();
  // Its first try may have arrived unheard: then the next one is told so.
  await during;
  await until(() => seen.includes('during'));
  await pause(300);
  // The one before may come again: the server may have died with its acknowledgement.
  assert.deepEqual(
    seen.filter((id) => id !== 'before'),
    ['during'],
  );
});

test('a server that comes back without its disk gets its streams and consumers again', async () => {
  await using server = await startNatsServer();
  await using bus = await openNatsBus({ url: server.url, name: 'emptied', log: silentLog });
  const seen: string[] = [];
  await using _consumer = await consume(bus, (id) => seen.push(id));
  await bus.publish(command('old'));
  await until(() => seen.length === 1);
  await server.kill();
  await server.restart({ empty: true });
  await bus.publish(command('new'));
  await until(() => seen.length === 2);
  assert.deepEqual(seen, ['old', 'new']);
});

test('the command of a consumer process killed with -9 goes to another', async () => {
  await using server = await startNatsServer();
  await using bus = await openNatsBus({ url: server.url, name: 'survivor', log: silentLog });
  await bus.publish(command('orphan'));
  const victim = spawn(process.execPath, ['--input-type=module', '-e', VICTIM, server.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(victim.stdout, 'data')) as [Buffer];
  assert.equal(said.toString().trim(), 'orphan 1');
  const ended = once(victim, 'exit');
  victim.kill('SIGKILL');
  await ended;
  const seen: string[] = [];
  await using _consumer = await consume(bus, (id, attempt) => seen.push(`${id} ${attempt}`));
  await until(() => seen.length === 1);
  assert.deepEqual(seen, ['orphan 2']);
});

test('a server older than 2.10 is refused by name', async () => {
  const old = createServer((socket) => {
    socket.write(
      `INFO ${JSON.stringify({ server_id: 'old', version: '2.9.25', proto: 1, max_payload: 1_048_576, headers: true })}\r\n`,
    );
    socket.on('data', (data) => {
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
    socket.on('error', () => {});
  });
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  const { port } = old.address() as { port: number };
  await assert.rejects(
    openNatsBus({ url: `nats://127.0.0.1:${port}`, name: 'old', log: silentLog }),
    (error: Error & { details?: object }) => {
      assert.equal((error as Error & { code: string }).code, 'BUS_TOO_OLD');
      assert.deepEqual(error.details, { url: `nats://127.0.0.1:${port}`, version: '2.9.25' });
      return true;
    },
  );
  old.close();
});

test('a bus that is not there is named after the time given', async () => {
  await assert.rejects(
    openNatsBus({ url: 'nats://127.0.0.1:1', name: 'none', log: silentLog, connectMs: 300 }),
    { code: 'BUS_UNREACHABLE' },
  );
});

/** Takes one command, says so, and never ends it. */
const VICTIM = `
  import { openNatsBus } from ${JSON.stringify(import.meta.resolve('./nats.ts'))};
  const log = { info() {}, warn() {}, error() {}, child: () => log };
  const bus = await openNatsBus({ url: process.argv[1], name: 'victim', log });
  await bus.consume({ stream: 'COMMANDS', durable: 'verifier-local', filterSubject: 'holdfast.cmd.verifier.local', slots: 1, ackWaitMs: 1000 }, async ({ event, attempt }) => {
    console.log(event.id, attempt);
    await new Promise(() => {});
  });
`;

const SUBJECT = 'holdfast.cmd.verifier.local';

function command(id: string): Publication {
  return { subject: SUBJECT, type: 'test.Command', id, source: 'test', deployment: 'd', data: {} };
}

function consume(bus: Bus, seen: (id: string, attempt: number) => void): Promise<AsyncDisposable> {
  return bus.consume(
    { stream: 'COMMANDS', durable: 'verifier-local', filterSubject: SUBJECT, slots: 1, ackWaitMs: 1_000 },
    async ({ event, attempt }) => seen(event.id, attempt),
  );
}

async function storedIn(
  connection: NatsConnection,
  stream: StreamName,
): Promise<{ subject: string; text: string }[]> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(stream);
  const found = [];
  if (state.messages === 0) return [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(stream, { seq }).catch(() => undefined);
    if (message !== undefined && message !== null)
      found.push({ subject: message.subject, text: Buffer.from(message.data).toString() });
  }
  return found;
}

/** Several fetches and questions, of five seconds each, may end in nothing around the death of a server. */
async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!condition()) {
    assert.ok(performance.now() < giveUpAt, 'did not come true');
    await pause(5);
  }
}
