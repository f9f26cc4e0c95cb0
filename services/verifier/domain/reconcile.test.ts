import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileIndex, reconcile } from './reconcile.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

test('a row is matched by the file at its path with its size and digest, and by no other', async () => {
  const files = new FileIndex();
  files.addContent('media', 'here', { bytes: 1, sha256: A });
  const row = { table: 'documents', root: 'media', path: 'here', sha256: A, size: 1 };
  async function* rows() {
    yield row;
    yield { ...row, path: 'away' };
    yield { ...row, path: 'away', sha256: B };
    yield { ...row, sha256: B };
    yield { ...row, size: 2 };
    yield { ...row, sha256: '' };
  }
  const { examples, ...counts } = await reconcile(rows(), files);
  assert.deepEqual(counts, { rows: 6, matched: 1, moved: 1, unproven: 1, missing: 1, different: 2 });
  assert.equal(examples.length, 5);
});
