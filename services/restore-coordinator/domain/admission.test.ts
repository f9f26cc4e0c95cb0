import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { admissionOrder, type WaitingRun } from './admission.ts';

const run = (deployment: string, minute: number): WaitingRun => ({
  runId: `${deployment}-${minute}`,
  deployment,
  openedAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
});
const served = (running: object = {}, lastTurn: object = {}) => ({
  running: new Map(Object.entries(running) as [string, number][]),
  lastTurn: new Map(Object.entries(lastTurn) as [string, number][]),
});
const names = (runs: readonly WaitingRun[]) => runs.map(({ runId }) => runId);

test('first whoever has fewest runs under way, then who waited for a turn longest, then in the order of asking', () => {
  const waiting = [run('a', 1), run('a', 2), run('b', 3), run('c', 4), run('d', 5)];
  const order = admissionOrder(waiting, served({ b: 1 }, { a: 7, c: 6 }));
  assert.deepEqual(names(order), ['d-5', 'c-4', 'a-1', 'b-3', 'a-2']);
});

test('it is an order of all that wait, the same however they are listed', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(50)), {
        selector: ([d, m]) => `${d}${m}`,
      }),

      (pairs) => {
        const waiting = pairs.map(([deployment, minute]) => run(deployment, minute));
        const order = names(admissionOrder(waiting, served({ a: 1 }, { b: 3 })));
        assert.deepEqual(order.toSorted(), names(waiting).toSorted());
        assert.deepEqual(names(admissionOrder(waiting.toReversed(), served({ a: 1 }, { b: 3 }))), order);
      },
    ),
  );
});

/** Runs of one length, so many at once; returns each deployment's longest wait in turns. */
function serve(asked: readonly WaitingRun[], slots: number): ReadonlyMap<string, number> {
  let waiting = asked;
  const lastTurn = new Map<string, number>();
  const longest = new Map<string, number>();
  let turn = 0;
  for (let round = 0; waiting.length > 0; round += 1) {
    const running = new Map<string, number>();
    for (let slot = 0; slot < slots && waiting.length > 0; slot += 1) {
      const next = admissionOrder(waiting, { lastTurn, running })[0]!;
      waiting = waiting.filter((other) => other !== next);
      turn += 1;
      lastTurn.set(next.deployment, turn);
      running.set(next.deployment, (running.get(next.deployment) ?? 0) + 1);
      longest.set(next.deployment, Math.max(longest.get(next.deployment) ?? 0, round));
    }
  }
  return longest;
}

test('a thousand deployments ask once, one asks two hundred times before them all: nobody waits for three times the mean', () => {
  const flood = Array.from({ length: 200 }, (_, n) => run('flooding', n));
  const others = Array.from({ length: 1_000 }, (_, n) => run(`d${n}`, 300));
  const longest = serve([...flood, ...others], 32);
  const waits = others.map(({ deployment }) => longest.get(deployment)!);
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert.ok(Math.max(...waits) / mean <= 3, `${Math.max(...waits)} rounds at most, ${mean} on average`);
  assert.ok(longest.get('flooding')! > Math.max(...waits), 'the flood is served last');
});
