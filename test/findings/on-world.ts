import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { appendFile, link, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from '#test/demo/world.ts';

/** One statement as a superuser; what it answers, without headers. */
export async function sql(world: World, statement: string, database = world.database): Promise<string> {
  const words = ['-qXAt', '-v', 'ON_ERROR_STOP=1', '-d', world.postgres.url(database), '-c', statement];
  return (await execa(join(world.postgres.bin, 'psql'), words)).stdout;
}

/** What nobody listed: a table and a sequence made outside Django, links and an empty folder among the documents. */
export async function addUnlisted(world: World): Promise<void> {
  await sql(
    world,
    `SET ROLE "${world.role}";
     CREATE TABLE yesterday (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now());
     INSERT INTO yesterday (note) SELECT 'note ' || n FROM generate_series(1, 20) n;
     DELETE FROM yesterday WHERE id > 17;
     CREATE SEQUENCE ticket_numbers START 4711;`,
  );
  const storage = join(world.app, 'storage');
  await mkdir(join(storage, 'waiting room'), { mode: 0o750 });
  await symlink('documents', join(storage, 'latest'));
  await link(await firstDocument(world), join(storage, 'second name'));
}

/** Rows added, changed and lost, a rule dropped, a document gone, another environment: a target that went on living. */
export async function drift(world: World): Promise<void> {
  await sql(
    world,
    `INSERT INTO yesterday (note) VALUES ('after the backup');
     DELETE FROM yesterday WHERE id < 5;
     UPDATE documents SET title = title || ' (drifted)';
     DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM django_session LIMIT 3);
     ALTER TABLE yesterday DROP CONSTRAINT yesterday_note_key;`,
  );
  await rm(await firstDocument(world));
  await appendFile(join(world.app, '.env'), '# edited after the backup\n');
}

/** Everything a plan could have touched, in few words: names of databases and roles, top of every root, the .env. */
export async function fingerprint(world: World): Promise<string> {
  const names = await sql(
    world,
    'SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles ORDER BY 1',
  );
  const folders = ['.', 'storage', 'storage/documents', 'certificates', 'logs', 'registrar/settings'];
  const tops = await Promise.all(folders.map((folder) => readdir(join(world.app, folder))));
  return JSON.stringify([names, tops.map((top) => top.toSorted()), await digestOf(join(world.app, '.env'))]);
}

export async function firstDocument(world: World, app = world.app): Promise<string> {
  const path = await sql(
    world,
    `SELECT file_path FROM documents WHERE file_path LIKE 'storage/documents/%' ORDER BY id LIMIT 1`,
  );
  return join(app, path);
}

/** Every pack of a store that is a directory: the name it has, and the digest of what it holds now. */
export async function hashPacks(store: string): Promise<readonly { name: string; sha256: string }[]> {
  const entries = await readdir(join(store, 'packs'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return await Promise.all(
    files.map(async ({ name, parentPath }) => ({ name, sha256: await digestOf(join(parentPath, name)) })),
  );
}

async function digestOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
