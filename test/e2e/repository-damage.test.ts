import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, HARMS } from '#test/fault/repository-damage/harm.ts';
import { repositoryDamage } from '#test/fault/repository-damage.ts';

/** A small draw of `npm run fault -- repository-damage`. */
test('whatever object is harmed, the backups it harms are named, no other is, and those come back byte for byte', async () => {
  const report = await repositoryDamage({ parts: [], seed: 1, cases: 500, onNote: () => {} });
  assert.deepEqual(report.faults, []);
  const { cases, classes, harms, harmed, found, falseAlarms, wrong, healed, left, readOnly, refused } =
    report;
  assert.deepEqual([cases, falseAlarms, wrong], [500, 0, 0]);
  assert.equal(found, harmed);
  assert.ok(harmed > 150, `only ${harmed} backups were harmed`);
  assert.deepEqual(Object.keys(classes), Object.keys(CLASSES).toSorted());
  assert.deepEqual(Object.keys(harms), HARMS.toSorted());
  assert.ok(healed > 250 && healed + left + refused > 450, `${healed} healed, ${left} left`);
  assert.ok(readOnly > 30 && refused > 5, `${readOnly} for reading, ${refused} refused`);
});
