import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DigestTable } from './digest-table.ts';
import { bytesOf } from './fixtures/generated.ts';

const digestOf = (n: number) => bytesOf(n, 32);

function recordsOf(table: DigestTable, digest: Buffer): number[] {
  const records = [];
  for (let at = table.first(digest); at !== 0; at = table.next(at)) records.push(at);
  return records;
}

test('every record is found by its digest, several of one digest too, and no other', () => {
  const added = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 500 });
  fc.assert(
    fc.property(added, (numbers) => {
      const table = new DigestTable(2);
      numbers.forEach((n, at) => table.add(digestOf(n), 0, [n, 0xffffffff - at]));
      for (let n = 0; n <= 301; n += 1) {
        const digest = digestOf(n);
        const found = recordsOf(table, digest).map((at) => 0xffffffff - table.value(at, 1));
        const wanted = numbers.flatMap((number, at) => (number === n ? [at] : []));
        assert.deepEqual(
          found.toSorted((a, b) => a - b),
          wanted,
        );
        for (const at of recordsOf(table, digest)) {
          assert.ok(table.digest(at).equals(digest));
          assert.equal(table.value(at, 0), n);
        }
      }
      assert.equal(table.countDistinct(), new Set(numbers).size);
    }),
  );
});

test('over the borders of its blocks nothing is lost', () => {
  const table = new DigestTable(1);
  const digests = bytesOf(7, 40_000 * 32);
  for (let n = 0; n < 40_000; n += 1) table.add(digests, n * 32, [n]);
  for (let n = 0; n < 40_000; n += 1) assert.equal(table.value(table.first(digests, n * 32), 0), n);
});

test('digests whose first bytes are the same are told apart', () => {
  const table = new DigestTable(1);
  const digests = Array.from({ length: 100 }, (_, n) =>
    Buffer.concat([Buffer.alloc(28), digestOf(n).subarray(0, 4)]),
  );
  digests.forEach((digest, n) => table.add(digest, 0, [n]));
  digests.forEach((digest, n) => assert.equal(table.value(table.first(digest), 0), n));
  table.setValue(table.first(digests[3]!), 0, 77);
  assert.equal(table.value(table.first(digests[3]!), 0), 77);
});
