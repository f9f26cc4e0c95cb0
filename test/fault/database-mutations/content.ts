/** What every table of it is for: rows as binary and as text, values of several chunks, several slices, keys, and a sequence of each kind. */
export const SCHEMA = `
  CREATE TYPE state AS ENUM ('draft', 'signed', 'filed');
  CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mail text UNIQUE);
  CREATE TABLE documents (id bigserial PRIMARY KEY, title text NOT NULL DEFAULT 'untitled', state state NOT NULL DEFAULT 'draft',
    past state[] NOT NULL, owner int NOT NULL REFERENCES people ON DELETE CASCADE, path text, meta jsonb, size bigint CHECK (size >= 0));
  CREATE INDEX documents_by_owner ON documents (owner, state);
  CREATE TABLE scans (id int PRIMARY KEY, page bytea NOT NULL);
  CREATE TABLE audit (at timestamptz NOT NULL, who int, what text NOT NULL);
  CREATE TABLE notes (body text, state state[]);
  CREATE TABLE nothing_yet (id int PRIMARY KEY, body text);
  -- As wide as its slices, for most of it is gone again: two of them hold rows.
  CREATE TABLE sheets (n int, body text NOT NULL);
  ALTER TABLE sheets ALTER body SET STORAGE PLAIN;
  INSERT INTO sheets SELECT n, repeat(md5(n::text), 240) FROM generate_series(1, 4600) n;
  DELETE FROM sheets WHERE n % 50 > 0;
  CREATE VIEW signed AS SELECT id, title FROM documents WHERE state = 'signed';
  CREATE SEQUENCE receipts START 7001;
  CREATE SEQUENCE never_used;
  CREATE FUNCTION stamped() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.size := coalesce(NEW.size, 0); RETURN NEW; END';
  CREATE TRIGGER stamped BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION stamped();`;

/** Rows of the part; what is hashed does not shrink, so that a few of them are a chunk. */
export const part = (n: number) => `
  INSERT INTO people (name, mail) SELECT 'Person ' || i, 'p' || i || '@${n}.example' FROM generate_series(1, 60) i;
  INSERT INTO documents (title, state, past, owner, path, meta, size)
    SELECT 'Document ' || i, (ARRAY['draft', 'signed', 'filed'])[1 + i % 3]::state, ARRAY['draft']::state[], 1 + i % 60,
           '${n}/' || md5(i::text) || '.pdf', jsonb_build_object('pages', i % 40), i * 31 FROM generate_series(1, 800) i;
  INSERT INTO scans SELECT ${n} * 10 + i, (SELECT string_agg(sha256(('${n} ' || i || ' ' || k)::bytea), '' ORDER BY k)
    FROM generate_series(1, 12000) k) FROM generate_series(1, 3) i;
  INSERT INTO audit SELECT '2026-01-01'::timestamptz + i * interval '1 minute', i % 60, 'opened ' || md5('${n}' || i) FROM generate_series(1, 2500) i;
  INSERT INTO notes SELECT 'Note ' || i || ' of ${n}', ARRAY['draft', 'filed']::state[] FROM generate_series(1, 40) i;
  SELECT nextval('receipts') FROM generate_series(1, 5);`;
