import assert from 'node:assert/strict';
import { rename, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { DoorScene, Drive } from './scene.ts';

const CHECK = 'grpc.health.v1.Health/Check';
const WATCH = 'grpc.health.v1.Health/Watch';
/** What never comes is named, and not waited for. */
const PATIENCE_MS = 60_000;

/** What every service says of itself while what it depends on is away. */
export const healths: Readonly<Record<string, Drive>> = {
  'every service is healthy by itself and for each thing it serves, and for nothing else': async (door) => {
    for (const [service, client] of door.doors) {
      const served = new Set([...client.methods.keys()].map((method) => method.split('/')[0]!));
      for (const name of ['', ...served])
        assert.equal(
          (await client.call(CHECK, { service: name }, { token: null })).answer?.['status'],
          'SERVING',
          service,
        );
      assert.equal((await client.call(CHECK, { service: 'moon' })).refused?.code, 'NOT_FOUND');
      const { statuses } = (await client.call('grpc.health.v1.Health/List', {})).answer!;
      assert.ok(statuses.length > served.size);
    }
  },

  'while the bus is away every service says so to who watches, and is healthy again when it is back': async (
    door,
  ) => {
    const told = [...door.doors.values()].map(async (client) => {
      const states: string[] = [];
      for await (const { status } of client.stream(WATCH, {}, { deadlineMs: PATIENCE_MS })) {
        states.push(status);
        if (states.length === 3) return states;
      }
      return states;
    });
    await everyServiceSays(door, 'SERVING');
    process.kill(await door.pidOf('nats-server'), 'SIGKILL');
    for (const states of await Promise.all(told))
      assert.deepEqual(states, ['SERVING', 'NOT_SERVING', 'SERVING']);
  },

  'while the store is away every service says so, and doctor names it; they are healthy again when it is back':
    async (door) => {
      const { storeFolder, holdfast } = door.scene;
      await rename(storeFolder, `${storeFolder}.away`);
      await everyServiceSays(door, 'NOT_SERVING');
      const { answer } = await holdfast.say('doctor');
      const findings = answer['findings'] as readonly { subject: string; message: string }[];
      assert.match(JSON.stringify(findings), /its bus or its store is away/);
      // Whoever tried to write there meanwhile made the folder anew.
      await rm(storeFolder, { recursive: true, force: true });
      await rename(`${storeFolder}.away`, storeFolder);
      await everyServiceSays(door, 'SERVING');
    },
};

async function everyServiceSays({ doors }: DoorScene, wanted: string): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (const [service, client] of doors) {
    for (;;) {
      const { answer } = await client.call(CHECK, {}, { token: null });
      if (answer?.['status'] === wanted) break;
      assert.ok(performance.now() < giveUpAt, `${service} does not say ${wanted}`);
      await pause(200);
    }
  }
}
