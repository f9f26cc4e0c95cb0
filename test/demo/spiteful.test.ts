import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from './judge.ts';
import { checkHolds, flaggedOf, withoutFlagged } from './spiteful.ts';

const PATH = 'storage/documents/a.txt';
const world = { living: [{ id: 7, uuid: 'u-7', file_path: PATH }] };
const TORN = `2 rows: 1 matched, 1 different; different: documents names ${PATH}`;
const torn: Verdict = {
  ok: false,
  compared: {},
  differences: [
    { area: 'documents.documents.file_path', key: '7', field: 'verdict', what: '7: verdict changed' },
    { area: 'http.documents', key: 'u-7', field: 'equals_row', what: 'u-7: equals_row changed' },
  ],
  faults: [],
};

test('a torn pair is excused where the backup named it, and nowhere else', () => {
  const named = flaggedOf([{ what: 'rows and files', reason: TORN, partial: true }], world);
  assert.equal(withoutFlagged(torn, named, world).ok, true);
  assert.equal(withoutFlagged(torn, flaggedOf([], world), world).ok, false);
  const check = { name: 'rows and files', level: 1, ok: false, detail: TORN };
  assert.equal(checkHolds(check, named), true);
  assert.equal(checkHolds(check, flaggedOf([], world)), false);
});

test('a pair that did not fit before and fits now is no harm; one that nobody overwrites is', () => {
  const healed = (key: string): Verdict => ({
    ...torn,
    differences: [{ ...torn.differences[0]!, key, after: 'ok' }],
  });
  assert.equal(withoutFlagged(healed('7'), flaggedOf([], world), world).ok, true);
  assert.equal(withoutFlagged(healed('8'), flaggedOf([], world), world).ok, false);
});

test('a document that nobody overwrites is never excused', () => {
  const other: Verdict = {
    ...torn,
    differences: [{ ...torn.differences[0]!, key: '8' }, ...torn.differences],
  };
  const reason = `${TORN}; different: documents names storage/documents/b.txt`;
  const named = flaggedOf([{ what: 'rows and files', reason, partial: true }], world);
  assert.equal(withoutFlagged(other, named, world).ok, false);
  assert.deepEqual(named.beyond, ['storage/documents/b.txt']);
  assert.equal(checkHolds({ name: 'rows and files', level: 1, ok: false, detail: reason }, named), false);
});

test('an index that never held still is named, and is no reason to refuse; any other file is', () => {
  const reason = 'changed while it was read, twice';
  const flagged = flaggedOf(
    [
      { what: 'storage/index/postings.bin', reason, partial: true },
      { what: 'storage/media/site_settings.py', reason, partial: true },
      { what: 'logs/edms.log', reason: 'grew', partial: false },
    ],
    world,
  );
  assert.deepEqual(flagged.moving, ['storage/index/postings.bin']);
  assert.deepEqual(flagged.beyond, ['storage/media/site_settings.py']);
});
