import { execa } from 'execa';
import { chmod, cp, open, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEdms, stopEdms } from '#test/demo/world.ts';
import type { Bench } from './bench.ts';
import { firstDocument, hashPacks, sql } from './on-world.ts';
import type { Seen } from './seen.ts';
import { countListed, migrationVerdictOf, refusalOf } from './specs.ts';

/** The one harm that a finding is shown, so that its green says something. */
export interface Mutation {
  readonly what: string;
  readonly harm: (bench: Bench) => Promise<Seen>;
}

/** By the finding's number. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  F1: {
    what: 'one row of a table that nobody listed is lost',
    harm: (bench) => bench.onDatabase('DELETE FROM yesterday WHERE id = 7'),
  },
  F2: {
    what: 'a sequence goes on after the highest row, where higher rows had been deleted',
    harm: (bench) =>
      bench.onDatabase(
        `SELECT setval(pg_get_serial_sequence('yesterday', 'id'), (SELECT max(id) FROM yesterday))`,
      ),
  },
  F3: {
    what: 'foreign keys of one table are switched off, which no definition shows',
    harm: (bench) => bench.onDatabase('ALTER TABLE document_versions DISABLE TRIGGER ALL'),
  },
  F4: {
    what: 'a permission came back under another number',
    harm: (bench) =>
      bench.onDatabaseOver(
        `UPDATE auth_permission SET id = id + 100000
          WHERE id = (SELECT max(id) FROM auth_permission WHERE id NOT IN (SELECT permission_id FROM auth_group_permissions))`,
      ),
  },
  F5: {
    what: 'the last migration is forgotten',
    harm: (bench) =>
      bench.onDatabase('DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)', [
        'migrate',
      ]),
  },
  F6: {
    what: 'a change was logged while rows were loaded',
    harm: (bench) =>
      bench.onDatabase(
        `INSERT INTO database_change_log SELECT (jsonb_populate_record(l, jsonb_build_object('id', l.id + 100000, 'uuid', gen_random_uuid()))).*
           FROM database_change_log l LIMIT 1`,
      ),
  },
  F7: {
    what: 'an empty folder is gone',
    harm: (bench) =>
      bench.onFiles('trees', (app) =>
        unseen(join(app, 'storage'), () => rmdir(join(app, 'storage/waiting room'))),
      ),
  },
  F8: {
    what: '.env can be read by everybody',
    harm: (bench) => bench.onFiles('env', (app) => chmod(join(app, '.env'), 0o644)),
  },
  F9: {
    what: 'one bit of the key is another',
    harm: (bench) => bench.onFiles('trees', (app) => flip(join(app, 'certificates/server.key'))),
  },
  F10: {
    what: 'a log was rewritten, as long as before',
    harm: (bench) => bench.onFiles('trees', (app) => flip(join(app, 'logs/edms.log'))),
  },
  F11: {
    what: 'one bit of a settings module is another',
    harm: (bench) => bench.onFiles('trees', (app) => flip(join(app, 'registrar/settings/base.py'))),
  },
  F12: {
    what: 'a backup without its required folder ends as a good one does',
    harm: async (bench) => bench.onRecord({ missingRoot: refusalOf(bench.scenario.backup) }),
  },
  F13: { what: 'SECRET_KEY is a new one', harm: withNewSecretKey },
  F17: {
    what: 'the plan finds nothing wrong',
    harm: async (bench) =>
      bench.onRecord({ brokenPlan: { ...refusalOf(bench.scenario.soundPlan), touched: false } }),
  },
  F18: {
    what: 'a drifted row stayed',
    harm: (bench) =>
      bench.onDatabaseOver(
        `UPDATE documents SET title = title || ' (drifted)' WHERE id = (SELECT min(id) FROM documents)`,
      ),
  },
  F22: {
    what: 'no program looked at sequences',
    harm: async (bench) =>
      bench.onRecord({
        checks: bench.scenario.seen.process.checks.filter(({ name }) => name !== 'sequences'),
      }),
  },
  F24: { what: 'one bit of a document is another', harm: withDamagedDocument },
  F26: {
    what: 'a periodic task is switched off',
    harm: (bench) =>
      bench.onDatabase(
        `UPDATE django_celery_beat_periodictask SET enabled = false
          WHERE id = (SELECT min(id) FROM django_celery_beat_periodictask WHERE enabled)`,
        ['beat'],
      ),
  },
  F27: {
    what: 'one command more was needed',
    harm: async (bench) => bench.onRecord({ manualSteps: bench.scenario.seen.process.manualSteps + 1 }),
  },
  F30: {
    what: 'the trail can be rewritten: its trigger is off',
    harm: (bench) =>
      bench.onDatabase('ALTER TABLE audit_trail DISABLE TRIGGER audit_trail_keep_rows', ['audit']),
  },
  F31: { what: 'a person is no longer in a group', harm: withoutGroups },
  F32: {
    what: 'the last step of a document’s history is lost',
    harm: (bench) =>
      bench.onDatabase(
        'DELETE FROM document_transitions WHERE id = (SELECT max(id) FROM document_transitions)',
      ),
  },
  H1: { what: 'one bit of a pack is another', harm: withDamagedPack },
  H2: { what: 'the failed backup is listed', harm: withForeignManifest },
  H3: {
    what: 'a check compared nothing',
    harm: async (bench) =>
      bench.onRecord({
        checks: bench.scenario.seen.process.checks.map((check) => ({
          ...check,
          detail: check.detail.replace(/\d+ tables/, '0 tables'),
        })),
      }),
  },
  H4: { what: 'the code is of another release than the backup', harm: withLaterRelease },
  H5: {
    what: 'a document has a new identifier',
    harm: (bench) =>
      bench.onDatabase(
        'UPDATE documents SET uuid = gen_random_uuid() WHERE id = (SELECT min(id) FROM documents)',
      ),
  },
  H6: {
    what: 'a document’s file is gone',
    harm: (bench) =>
      bench.onFiles('documents', async (app) => rm(await firstDocument(bench.scenario.world, app))),
  },
};

async function withNewSecretKey(bench: Bench): Promise<Seen> {
  const { world } = bench.scenario;
  const file = join(world.app, '.env');
  const text = await readFile(file, 'utf8');
  const restartWith = async (content: string) => {
    await stopEdms(world);
    await writeFile(file, content);
    await startEdms(world);
  };
  return await bench.onLive(
    () => restartWith(text.replace(/^SECRET_KEY=.*$/m, `SECRET_KEY=${'made-again-'.repeat(5)}`)),
    () => restartWith(text),
  );
}

async function withDamagedDocument(bench: Bench): Promise<Seen> {
  const document = await firstDocument(bench.scenario.world);
  return await bench.onLive(
    () => flip(document),
    () => flip(document),
  );
}

async function withoutGroups(bench: Bench): Promise<Seen> {
  const { world } = bench.scenario;
  const { username } = world.user;
  return await bench.onLive(
    () =>
      sql(
        world,
        `CREATE TABLE put_aside AS SELECT g.* FROM users_groups g JOIN users u ON u.id = g.user_id WHERE u.username = '${username}';
         DELETE FROM users_groups WHERE id IN (SELECT id FROM put_aside)`,
      ),
    () => sql(world, 'INSERT INTO users_groups SELECT * FROM put_aside; DROP TABLE put_aside'),
  );
}

async function withDamagedPack(bench: Bench): Promise<Seen> {
  const { stack, world, seen } = bench.scenario;
  const copy = join(world.folder, 'harmed-store');
  await cp(join(stack.home, 'store'), copy, { recursive: true });
  const { name } = seen.process.packs[0]!;
  await flip(join(copy, 'packs', name.slice(0, 2), name));
  const packs = await hashPacks(copy);
  await rm(copy, { recursive: true });
  return bench.onRecord({ packs });
}

async function withLaterRelease(bench: Bench): Promise<Seen> {
  const { stack, world, deployment } = bench.scenario;
  const later = join(world.app, 'agenda/migrations/9999_later.py');
  await writeFile(later, '# of the next release\n');
  try {
    const plan = await stack.holdfast.expect(0, 'restore', deployment, '--plan');
    return bench.onRecord({ migrationVerdict: migrationVerdictOf(plan) });
  } finally {
    await rm(later);
  }
}

/** A manifest in the folder of the deployment whose database did not answer, where none was committed. */
async function withForeignManifest(bench: Bench): Promise<Seen> {
  const { stack, deployment, seen } = bench.scenario;
  const folder = join(stack.home, 'store/backups');
  const harmed = join(folder, 'without-database');
  await cp(join(folder, deployment), harmed, { recursive: true });
  try {
    const listedAfter = await countListed(stack);
    return bench.onRecord({ failedBackups: { ...seen.process.failedBackups, listedAfter } });
  } finally {
    await rm(harmed, { recursive: true });
  }
}

/** The last bit of the middle byte, in place and with the times kept: only the content tells. */
async function flip(file: string): Promise<void> {
  await unseen(file, async () => {
    const mode = (await stat(file)).mode;
    await chmod(file, mode | 0o200);
    await using handle = await open(file, 'r+');
    const at = Math.floor((await handle.stat()).size / 2);
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
    await handle.write(Buffer.of(buffer[0]! ^ 1), 0, 1, at);
    await chmod(file, mode);
  });
}

/** Times are put back to the nanosecond, which this runtime's own call cannot. */
async function unseen(path: string, change: () => Promise<unknown>): Promise<void> {
  const { mtimeNs } = await stat(path, { bigint: true });
  await change();
  const seconds = mtimeNs / 1_000_000_000n;
  const rest = String(mtimeNs % 1_000_000_000n).padStart(9, '0');
  await execa('touch', ['-m', '-d', `@${seconds}.${rest}`, path]);
}
