import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { loadSync } from '@grpc/proto-loader';
import { documented } from './front-door/documented.ts';
import { drives } from './front-door/drives.ts';
import { healths } from './front-door/healths.ts';
import type { FieldFacts } from './front-door/outside-client.ts';
import { resumes } from './front-door/resumes.ts';
import { openDoorScene, type DoorScene } from './front-door/scene.ts';
import { waits } from './front-door/waits.ts';

/** The doors of a running stack, as a client sees them that knows nothing but what they tell of themselves. */
describe('front door', () => {
  let door: DoorScene;
  before(async () => {
    door = await openDoorScene();
  });
  after(() => door[Symbol.asyncDispose]());

  test('every method of the protos is served somewhere, and driven here', () => {
    const served = new Set([...door.doors.values()].flatMap(({ methods }) => [...methods.keys()]));
    const declared = globSync('holdfast/**/*.proto', { cwd: 'protos' }).flatMap((file) =>
      Object.entries(loadSync(file, { includeDirs: ['protos'] })).flatMap(([name, definition]) =>
        'format' in definition ? [] : Object.keys(definition).map((method) => `${name}/${method}`),
      ),
    );
    assert.ok(served.size >= 27, `only ${served.size} methods were told`);
    assert.deepEqual([...served].toSorted(), [...new Set(declared)].toSorted());
    assert.deepEqual(Object.keys(drives).toSorted(), [...served].toSorted());
  });

  test('no method is answered without the token, or with another one', async () => {
    for (const { client, method } of everyMethod(door))
      for (const token of [null, '', 'not-the-token']) {
        const { refused } = await client.callRaw(method, Buffer.alloc(0), { token });
        assert.equal(refused?.code, 'UNAUTHENTICATED', method);
        assert.equal(refused.reason, 'UNAUTHENTICATED', method);
        assert.match(refused.remedy, /HOLDFAST_TOKEN_FILE/, method);
      }
  });

  test('a field that the method does not know is UNIMPLEMENTED, bytes that are no message INVALID_ARGUMENT', async () => {
    for (const { client, method } of everyMethod(door)) {
      const newer = await client.callRaw(method, Buffer.from([0xc0, 0x3e, 0x01]));
      assert.equal(newer.refused?.code, 'UNIMPLEMENTED', method);
      assert.deepEqual(
        [newer.refused.reason, newer.refused.subjects],
        ['VERSION_MISMATCH', ['field 1000']],
        method,
      );
      const garbled = await client.callRaw(method, Buffer.from([0x0a, 0xff, 0x01, 0x61]));
      assert.deepEqual(
        [garbled.refused?.code, garbled.refused?.reason],
        ['INVALID_ARGUMENT', 'MESSAGE_MALFORMED'],
        method,
      );
    }
  });

  test('whatever stands in a text field, the answer is an answer or a named refusal', async () => {
    const odd = ['', '..', '../../etc/passwd', 'a/b', "'; --", 'ü\u0000\n', '{"', 'x'.repeat(5_000)];
    for (const { client, method, fields } of everyMethod(door))
      for (const text of odd) {
        const texts = fields.filter(({ type }) => type === 'TYPE_STRING');
        const choices = fields.filter(({ type }) => type === 'TYPE_ENUM');
        const request = Object.fromEntries([
          ...texts.map(({ name, label }) => [name, label === 'LABEL_REPEATED' ? [text] : text]),
          ...choices.map(({ name }) => [name, 1]),
        ]);
        const { refused } = await client.call(method, request);
        if (refused === undefined) continue;
        const said = `${method} with ${JSON.stringify(text.slice(0, 20))}: ${refused.code} ${refused.message}`;
        assert.ok(!['INTERNAL', 'UNKNOWN'].includes(refused.code), said);
        assert.notEqual(refused.reason, '', said);
      }
  });

  test('a method or service that is not there is UNIMPLEMENTED, a message beyond the limit RESOURCE_EXHAUSTED', async () => {
    const client = door.doors.get('restore-coordinator')!;
    for (const path of ['holdfast.coordinator.v1.RunService/FlyRun', 'holdfast.moon.v9.MoonService/Fly'])
      assert.equal((await client.callRaw(path, Buffer.alloc(0))).refused?.code, 'UNIMPLEMENTED');
    const huge = await client.callRaw(
      'holdfast.coordinator.v1.RunService/GetRun',
      Buffer.alloc((64 << 20) + 1),
    );
    assert.equal(huge.refused?.code, 'RESOURCE_EXHAUSTED');
  });

  for (const [method, drive] of Object.entries(drives)) test(`driven: ${method}`, () => drive(door));
  for (const [property, drive] of Object.entries({ ...resumes, ...waits, ...healths, ...documented }))
    test(property, () => drive(door));
});

function* everyMethod({ doors }: DoorScene) {
  for (const client of doors.values())
    for (const [method, { requestFields }] of client.methods)
      yield { client, method, fields: requestFields as readonly FieldFacts[] };
}
