import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withHeartbeat, withHeartbeats } from './heartbeat.ts';

test('work that moves nothing for hours shows life all the while, and none after its end', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  for (const end of ['resolve', 'reject'] as const) {
    let signs = 0;
    const work = Promise.withResolvers<string>();
    const ended = withHeartbeat(
      () => (signs += 1),
      () => work.promise,
    ).then(
      () => 'resolve',
      () => 'reject',
    );
    assert.equal(signs, 1);
    t.mock.timers.tick(2 * 60 * 60_000);
    assert.equal(signs, 1441);
    work[end]('done');
    assert.equal(await ended, end);
    t.mock.timers.tick(60 * 60_000);
    assert.equal(signs, 1441);
  }
});

test('a stream shows life while its next piece is waited for, and none while its reader is at work', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let signs = 0;
  let closed = false;
  const gate = Promise.withResolvers<void>();
  const source = (async function* () {
    try {
      yield 'first';
      await gate.promise;
      yield 'last';
    } finally {
      closed = true;
    }
  })();
  const reading = withHeartbeats(() => (signs += 1), source)[Symbol.asyncIterator]();
  assert.equal((await reading.next()).value, 'first');
  t.mock.timers.tick(2 * 60 * 60_000);
  assert.equal(signs, 1, 'the reader has it');
  const waiting = reading.next();
  t.mock.timers.tick(2 * 60 * 60_000);
  assert.equal(signs, 1 + 1441);
  gate.resolve();
  assert.equal((await waiting).value, 'last');
  await reading.return!();
  t.mock.timers.tick(60 * 60_000);
  assert.deepEqual([signs, closed], [1 + 1441, true]);
});
