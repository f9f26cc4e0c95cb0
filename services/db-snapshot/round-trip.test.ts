import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { quoteName } from '#libs/postgres/quote.ts';
import { wholeOf } from './fixtures/compared.ts';
import { openWorld } from './fixtures/world.ts';

const CORPUS = readFileSync(new URL('fixtures/corpus.sql', import.meta.url), 'utf8');
const RULES = `files:
  roots: [ { name: storage, path: /srv/storage } ]
  documents: [ { table: files, path: path, sha256: digest, size: size, root: storage, prefix: docs/, base: in } ]
`;

test('what is staged is the source: schema, every row, sequences, the database itself', async () => {
  await using world = await openWorld({ more: RULES });
  const reader = `reader_${world.tag}`;
  const db = quoteName(world.live);
  await world.sql(CORPUS);
  await world.sql(`CREATE ROLE ${reader} LOGIN PASSWORD 'x'; GRANT SELECT ON big TO ${reader}; GRANT CONNECT, TEMP ON DATABASE ${db} TO ${reader};
    REVOKE CONNECT ON DATABASE ${db} FROM PUBLIC; ALTER DATABASE ${db} SET search_path TO "$user", public, 'odd "schema" ü';
    ALTER ROLE ${reader} IN DATABASE ${db} SET statement_timeout TO '5min'; ALTER DATABASE ${db} SET statement_timeout TO '20ms';
    COMMENT ON DATABASE ${db} IS 'it''s ours'; ALTER DATABASE ${db} CONNECTION LIMIT 33;
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON guarded USING (owner = current_user)`);
  const taken = await world.take();
  const staged = await world.stage(taken);

  for (const silent of ['structure', 'proof of public.big', 'keys, indexes and triggers', 'statistics'])
    assert.ok(world.told.includes(silent), silent);
  assert.deepEqual(await wholeOf(staged.side), await wholeOf(world.live));
  assert.equal(taken.facts['rows'], 100_207);
  assert.deepEqual(world.early, [{ mark: taken.mark, attempt: 1 }]);
  assert.deepEqual(
    taken.leftOut.map(({ what, partial }) => ({ what, partial })),
    [
      { what: 'files.path: docs/../../etc/passwd', partial: true },
      { what: 'files.path: 1 paths, the first is other/b.pdf', partial: false },
    ],
  );
});
