import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLogs } from '#libs/saga/logs.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { listDeployments, writeSpec } from './spec-store.ts';

test('deployments are listed without a walk over their logs', async () => {
  const inner = memoryStore();
  const logs = openLogs(inner);
  const names = ['a', 'b-2', 'b'];
  for (const deployment of names) {
    await writeSpec(inner, deployment, `deployment: ${deployment}\n`);
    for (let n = 0; n < 300; n += 1)
      await logs.append(deployment, () => ({ kind: 'slot', slot: new Date(n * 3_600_000).toISOString() }));
  }
  let seen = 0;
  const store: ObjectStore = {
    ...inner,
    list: async function* (...args) {
      for await (const each of inner.list(...args)) {
        seen += 1;
        yield each;
      }
    },
  };
  assert.deepEqual(await listDeployments(store), names.toSorted());
  assert.ok(seen <= names.length + 1, `${seen} names`);
});
