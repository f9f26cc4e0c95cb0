import { join } from 'node:path';
import { execa } from 'execa';
import type { PostgresServer } from '#deploy/local/postgres-server.ts';
import { requireVenv } from '#deploy/local/tools.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { insertRows } from './generate.ts';
import type { Place, Spent } from './measure.ts';
import { doOurs, prepareRepository } from './ours.ts';
import { readRows, requireSame } from './same-rows.ts';
import { createDatabase, dropDatabase } from './server.ts';
import { tableOf } from './tables.ts';

const SITE = 'test/bench/database';
const people = 'shelf_person 200 uuid:u! username:key! created_at:z';
const kinds = 'shelf_kind 6 name:key!';
const documents = (rows: number) =>
  `shelf_document ${rows} uuid:u! created_at:z updated_at:z metadata:j1 document_number:key! title:w1 description:w3 version_major:i version_minor:i status:c+ file_name:w1 file_path:key file_size:i8? file_checksum:h is_encrypted:b effective_date:d? author>shelf_person reviewer>shelf_person? kind>shelf_kind supersedes>shelf_document?`;

export interface Loading {
  readonly server: PostgresServer;
  readonly place: Place;
  readonly child: string;
  readonly folder: string;
  readonly documents: number;
  readonly runs: number;
  readonly seed: number;
  readonly onNote: (note: string) => void;
}

/** The rows of a Django application: restored and proved by us, and loaded by `loaddata` into tables that are there. */
export async function playLoaddata(loading: Loading) {
  const { place, child, runs, onNote } = loading;
  const administrator = place.url('postgres');
  const django = await djangoOf(loading);
  await createDatabase(administrator, 'shelf_empty');
  await django.run('shelf_empty', 'migrate', '--run-syncdb');
  await createDatabase(administrator, 'shelf', 'shelf_empty');
  await fillShelf(place.url('shelf'), loading);
  const fixture = join(loading.folder, 'shelf.json');
  await django.run('shelf', 'dumpdata', 'shelf', '--output', fixture);
  const folder = join(loading.folder, 'shelf-ours');
  await prepareRepository(folder);
  const ours = { child, folder, url: place.url('shelf'), place };
  await doOurs('take', ours);
  const source = await readRows(place.url('shelf'));
  const played = { ours: [] as Spent[], peer: [] as Spent[], version: django.version };
  for (let run = 1; run <= runs; run += 1) {
    const restored = await doOurs('restore', ours);
    requireSame('holdfast', source, await readRows(place.url(restored.side!)));
    await dropDatabase(administrator, restored.side!);
    await createDatabase(administrator, 'shelf_loaded', 'shelf_empty');
    const loaded = await place.measure(django.words('loaddata', fixture), django.environment('shelf_loaded'));
    requireSame('loaddata', source, await readRows(place.url('shelf_loaded')));
    await dropDatabase(administrator, 'shelf_loaded');
    onNote(`${run}/${runs} documents: ours ${restored.wallMs} ms, loaddata ${loaded.wallMs} ms`);
    played.ours.push(restored);
    played.peer.push(loaded);
  }
  for (const name of ['shelf', 'shelf_empty']) await dropDatabase(administrator, name);
  return played;
}

async function djangoOf({ server }: Loading) {
  const { python } = await requireVenv('edms', 'test/edms/requirements.txt');
  const words = (...command: string[]) => [
    python,
    '-B',
    '-m',
    'django',
    ...command,
    `--pythonpath=${SITE}`,
    '--settings=shelf.settings',
  ];
  const environment = (database: string) => ({
    DB_NAME: database,
    DB_USER: server.user,
    DB_HOST: server.socketFolder,
    DB_PORT: String(server.port),
  });
  return {
    words,
    environment,
    version: (await execa(python, ['-m', 'django', '--version'])).stdout,
    run: async (database: string, ...command: string[]) => {
      const [file = '', ...rest] = words(...command);
      await execa(file, rest, { env: environment(database) });
    },
  };
}

async function fillShelf(url: string, { documents: rows, seed }: Loading): Promise<void> {
  const tables = [people, kinds, documents(rows)].map(tableOf);
  const counts = new Map(tables.map(({ name, size }) => [name, (size as { rows: number }).rows]));
  await using database = await connectDatabase(new Secret(url));
  await database.run('SET search_path = public');
  for (const table of tables)
    await insertRows(database, { table, counts, seed, first: 1, last: counts.get(table.name)! });
  await database.run('VACUUM (ANALYZE)');
}
