import { randomBytes } from 'node:crypto';
import { takeSnapshotOutcome, type SnapshotRef } from '#libs/contracts/requests.ts';
import { parseSpec, type Spec } from '#libs/contracts/spec.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { createRepository } from '#libs/repository/open.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { openServices } from './services.ts';

export interface KeptBackup {
  readonly backupId: string;
  readonly ref: SnapshotRef;
}

/** A database, three backups of it as it grew, and nothing done since. */
export interface KeptDatabase extends AsyncDisposable {
  readonly spec: Spec;
  readonly store: ObjectStore;
  readonly identity: Secret;
  /** Of the live database. */
  readonly url: Secret;
  readonly pgBin: string;
  /** Its name, with which those of all side databases begin. */
  readonly live: string;
  /** Oldest first. Each brought a pack, and needs those before it. */
  readonly backups: readonly KeptBackup[];
}

/** What every table of it is for: rows as binary and as text, values of several chunks, keys, and a sequence of each kind. */
const SCHEMA = `
  CREATE TYPE state AS ENUM ('draft', 'signed', 'filed');
  CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mail text UNIQUE);
  CREATE TABLE documents (id bigserial PRIMARY KEY, title text NOT NULL DEFAULT 'untitled', state state NOT NULL DEFAULT 'draft',
    past state[] NOT NULL, owner int NOT NULL REFERENCES people ON DELETE CASCADE, path text, meta jsonb, size bigint CHECK (size >= 0));
  CREATE INDEX documents_by_owner ON documents (owner, state);
  CREATE TABLE scans (id int PRIMARY KEY, page bytea NOT NULL);
  CREATE TABLE audit (at timestamptz NOT NULL, who int, what text NOT NULL);
  CREATE TABLE notes (body text, state state[]);
  CREATE TABLE nothing_yet (id int PRIMARY KEY, body text);
  CREATE VIEW signed AS SELECT id, title FROM documents WHERE state = 'signed';
  CREATE SEQUENCE receipts START 7001;
  CREATE SEQUENCE never_used;
  CREATE FUNCTION stamped() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.size := coalesce(NEW.size, 0); RETURN NEW; END';
  CREATE TRIGGER stamped BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION stamped();`;

/** Rows of the part; what is hashed does not shrink, so that a few of them are a chunk. */
const part = (n: number) => `
  INSERT INTO people (name, mail) SELECT 'Person ' || i, 'p' || i || '@${n}.example' FROM generate_series(1, 60) i;
  INSERT INTO documents (title, state, past, owner, path, meta, size)
    SELECT 'Document ' || i, (ARRAY['draft', 'signed', 'filed'])[1 + i % 3]::state, ARRAY['draft']::state[], 1 + i % 60,
           '${n}/' || md5(i::text) || '.pdf', jsonb_build_object('pages', i % 40), i * 31 FROM generate_series(1, 800) i;
  INSERT INTO scans SELECT ${n} * 10 + i, (SELECT string_agg(sha256(('${n} ' || i || ' ' || k)::bytea), '' ORDER BY k)
    FROM generate_series(1, 12000) k) FROM generate_series(1, 3) i;
  INSERT INTO audit SELECT '2026-01-01'::timestamptz + i * interval '1 minute', i % 60, 'opened ' || md5('${n}' || i) FROM generate_series(1, 2500) i;
  INSERT INTO notes SELECT 'Note ' || i || ' of ${n}', ARRAY['draft', 'filed']::state[] FROM generate_series(1, 40) i;
  SELECT nextval('receipts') FROM generate_series(1, 5);`;

const PARTS = [1, 2, 3];

/** `onTaken` after each backup, with the database as it was taken. */
export async function keepDatabase(
  { server, pgBin }: { readonly server: string; readonly pgBin: string },
  onTaken: (live: { url: Secret; n: number }) => Promise<void> = () => Promise.resolve(),
): Promise<KeptDatabase> {
  await using owned = new AsyncDisposableStack();
  const live = `mutated_${randomBytes(4).toString('hex')}`;
  const administrator = new Secret(server);
  const url = withDatabase(administrator, live);
  await using postgres = await connectDatabase(administrator);
  await postgres.run(`CREATE DATABASE ${live} TEMPLATE template0`);
  owned.defer(async () => {
    await using again = await connectDatabase(administrator);
    await again.run(`DROP DATABASE ${live} WITH (FORCE)`);
  });
  const spec = parseSpec(
    `deployment: mutated\ndatabase: { url: { env: DB_URL }, restoreUrl: { env: DB_URL } }\n`,
  ) as Spec;
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  await using services = await openServices({ spec, store, identity, url, pgBin });
  await using session = await connectDatabase(url);
  await session.run(`SET search_path = public; ${SCHEMA}`);
  const backups: KeptBackup[] = [];
  for (const n of PARTS) {
    await session.run(part(n));
    const taken = takeSnapshotOutcome.parse(await services.run('TakeSnapshot', {}));
    const backupId = `20260101T00000${n}Z-0000000${n}`;
    await services.commit(backupId, taken);
    backups.push({ backupId, ref: taken.snapshot });
    await onTaken({ url, n });
  }
  const stack = owned.move();
  return {
    spec,
    store,
    identity,
    url,
    pgBin,
    live,
    backups,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
