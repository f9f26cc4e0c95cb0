import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withHeartbeat } from './heartbeat.ts';

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
