import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { newIdentity, openRepository } from '#libs/repository/open.ts';
import type { Repository } from '#libs/repository/port.ts';
import { seededOrder } from '#test/fault/pivot/seeded.ts';
import { keepBackups, namesBelow, type Kept } from '#test/fault/repository-damage/kept-backups.ts';
import { signedList } from './fixtures/two-stores.ts';
import { proveObject } from './prove.ts';

let kept: Kept;
let repository: Repository;
const proofOf = (name: string, bytes: Buffer) =>
  proveObject(name, bytes, {
    verify: (...signed) => repository.verifySignature(...signed),
    citations: new Map(),
  });

before(async () => {
  const keys = { identity: await newIdentity(), recovery: await newIdentity() };
  kept = await keepBackups(seededOrder(1), keys);
  repository = await openRepository({ store: kept.store, identity: kept.identity });
});

function* flippedOf(bytes: Buffer): Iterable<{ readonly at: number; readonly flipped: Buffer }> {
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield { at: bit >> 3, flipped };
  }
}

test('any one bit of a signed object, its keys and its signature too, makes it damaged', async () => {
  const manifests = await namesBelow(kept.store, 'backups/');
  const stored = ['holdfast.json', 'keys/recipients/00000001.json', manifests[0]!];
  const objects = new Map(
    await Promise.all(stored.map(async (name) => [name, await kept.store.get(name)] as const)),
  );
  objects.set(
    'condemned/00000001.json',
    signedList(repository, {
      format: 1,
      condemned: { 1: ['packs/aa/bb'] },
      deleted: [],
    }),
  );
  for (const [name, bytes] of objects) {
    assert.equal(proofOf(name, bytes), 'sound', name);
    for (const { at, flipped } of flippedOf(bytes))
      assert.equal(
        proofOf(name, flipped),
        'damaged',
        `${name}, byte ${at}: ${String(flipped.subarray(at - 9, at + 9))}`,
      );
  }
});
