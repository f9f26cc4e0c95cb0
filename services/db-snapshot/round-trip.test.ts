import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeOf, wholeOfStaged } from './fixtures/compared.ts';
import { openWorld } from './fixtures/world.ts';

/** One table that takes its time, and rows that name files. */
const TABLES = `
  CREATE TABLE big (id bigint PRIMARY KEY, body text, at timestamptz, amount numeric(12, 2));
  INSERT INTO big SELECT g, md5(g::text) || repeat('x', (g % 50)::int), 'epoch'::timestamptz + g * interval '1 minute', g / 7.0
    FROM generate_series(1, 100000) g;
  CREATE INDEX big_body ON big (lower(body)) WHERE id % 2 = 0;
  CREATE TABLE files (id int PRIMARY KEY, path text, digest text, size bigint);
  INSERT INTO files VALUES
    (1, 'docs/a.pdf', repeat('A', 64), 10), (2, 'docs/../../etc/passwd', NULL, NULL), (3, 'other/b.pdf', NULL, 5),
    (4, 'docs//sub/./c.pdf', 'not a digest', 7), (5, NULL, NULL, NULL)`;
const RULES = `files:
  roots: [ { name: storage, path: /srv/storage } ]
  documents: [ { table: files, path: path, sha256: digest, size: size, root: storage, prefix: docs/, base: in } ]
`;

test('what is staged is the source; each long part says that it lives, and what no rule takes is named', async () => {
  await using world = await openWorld({ more: RULES });
  await world.sql(TABLES);
  const taken = await world.take();
  const staged = await world.stage(taken);

  for (const silent of ['structure', 'proof of public.big', 'keys, indexes and triggers', 'statistics'])
    assert.ok(world.told.includes(silent), silent);
  assert.deepEqual(await wholeOfStaged(staged), await wholeOf(world.live));
  assert.equal(taken.facts['rows'], 100_005);
  assert.deepEqual(world.early, [{ mark: taken.mark, attempt: 1 }]);
  assert.deepEqual(
    taken.leftOut.map(({ what, partial }) => ({ what, partial })),
    [
      { what: 'files.path: docs/../../etc/passwd', partial: true },
      { what: 'files.path: 1 paths, the first is other/b.pdf', partial: false },
    ],
  );
});
