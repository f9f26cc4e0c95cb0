import assert from 'node:assert/strict';
import { execa } from 'execa';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeSecret } from '#services/operator/cli/init/services-env.ts';
import { declareWorld, startHoldfast, type Check, type RunningStack } from '#test/demo/holdfast-scheme.ts';
import { createWorld, pauseEdms, stopEdms, type World } from '#test/demo/world.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import { declareEdited, type Edit } from '#test/findings/specs.ts';
import { describeSystem, observe } from '#test/demo/judge.ts';
import { fingerprint, sql } from '#test/findings/on-world.ts';

const SITE_SETTINGS = 'storage/media/local_settings.json';

interface Found {
  readonly exit: number;
  readonly checks: ReadonlyMap<string, Check>;
  readonly failed: readonly string[];
  readonly notChecked: readonly string[];
}

describe('drills', () => {
  const owned = new AsyncDisposableStack();
  let world: World;
  let stack: RunningStack;
  let deployment: string;
  let good: Found;
  let quiet: { readonly before: unknown; readonly after: unknown };

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-drills-'));
    owned.defer(() => rm(folder, { recursive: true, force: true }));
    world = owned.use(
      await createWorld({
        folder: join(folder, 'world'),
        scale: 'small',
        rows: 0,
        files: 0,
        seed: 1,
        spiteful: true,
        onNote: () => {},
      }),
    );
    await pauseEdms(world);
    stack = owned.use(
      await startHoldfast({ home: join(folder, 'home'), store: 'disk', env: world.environment }),
    );
    deployment = await declareWorld(stack, world);
    await declareEdited(stack, deployment, withApplication(world));
    await stack.holdfast.expect(0, 'backup', deployment);
    await stopEdms(world);
    const before = await look();
    good = foundOf(await stack.holdfast.say('drill', deployment, '--backup', 'random'));
    quiet = { before, after: await look() };
  });
  after(() => owned.disposeAsync());

  test('a good backup passes every check up to L5, and what was not checked is said (F37)', () => {
    assert.deepEqual(good.failed, []);
    assert.deepEqual(good.notChecked, []);
    assert.equal(good.exit, 0);
    assert.deepEqual(new Set([...good.checks.values()].map(({ level }) => level)), new Set([2, 3, 4, 5]));
  });

  test('each line that was checked by hand has its check: F5, F15, F23, F24, F25, F26', () => {
    const detail = (name: string) => good.checks.get(name)?.detail ?? 'absent';
    assert.match(detail('migrations'), /^equal: [1-9]\d+ recorded/);
    assert.match(detail('runtime programs'), /1 programs wanted, all found/);
    assert.match(detail('login'), /is logged in$/);
    assert.match(detail('groups and permissions'), /^4 groups, \d+ permissions, .* 0 differ/);
    assert.match(detail('documents open'), /[1-9]\d* of [1-9]\d* of documents/);
    assert.match(detail('workflow transition'), /PENDING_REVIEW/);
    assert.match(detail('schedules load'), /^5 enabled schedules loaded, 0 not/);
  });

  test('the probe shows that what answers outside cannot be reached inside', () => {
    const { port } = world.postgres;
    assert.match(
      good.checks.get('no route to production')!.detail,
      new RegExp(`127\\.0\\.0\\.1:${port} answers outside, connection refused inside`),
    );
  });

  test('settings in the media tree that outrank the environment lead to the copy, and nothing else of them differs', () => {
    assert.match(
      good.checks.get('files: entries and content')!.detail,
      /overridden by the spec: DATABASE\.NAME, DATABASE\.HOST, DATABASE\.PORT, STORAGE_ROOT/,
    );
    assert.match(good.checks.get('config: entries and content')!.detail, /: DB_NAME, DB_HOST, DB_PORT$/);
    assert.equal(good.checks.get('where it works')?.ok, true);
  });

  test('nothing of the original was touched, and nothing is left behind', async () => {
    assert.deepEqual(quiet.after, quiet.before);
    assert.deepEqual(await leftovers(), []);
  });

  test('the verdict is kept, feeds the observed RPO, and a random backup is one of those there are', async () => {
    const { answer } = await stack.holdfast.expect(0, 'status');
    const [{ rpo, drill }] = answer['deployments'] as [
      { rpo: { backupId: string; level: number; met: boolean }; drill: { state: string } },
    ];
    assert.deepEqual([rpo.level, rpo.met, drill.state], [5, true, 'completed']);
    const verdicts = await stack.holdfast.expect(0, 'verdicts', deployment, rpo.backupId);
    const levels = (verdicts.answer['verdicts'] as readonly { level: number }[]).map(({ level }) => level);
    assert.deepEqual(levels, [1, 4, 5]);
  });

  test('F5 F23 F24 F25: each harm to the data is found by its check, and by no other', async () => {
    await using _ = await harmed(async () => {
      await sql(world, "DELETE FROM django_migrations WHERE app = 'library' AND name = '0006_indexes'");
      await sql(world, "SELECT setval(pg_get_serial_sequence('document_versions', 'id'), 1)");
      await sql(
        world,
        `UPDATE documents SET file_checksum = repeat('0', 64) WHERE id = (SELECT min(id) FROM documents)`,
      );
      await sql(world, "UPDATE users SET password = 'unheard-of$x', is_superuser = false WHERE is_superuser");
      await sql(
        world,
        'UPDATE django_celery_beat_periodictask SET crontab_id = NULL WHERE id = (SELECT min(id) FROM django_celery_beat_periodictask)',
      );
    });
    const found = await drill();
    assert.match(found.checks.get('migrations')!.detail, /^behind: .*library\.0006_indexes/);
    assert.match(found.checks.get('fresh ids')!.detail, /1 would collide document_versions\.id from 2/);
    assert.match(found.checks.get('documents open')!.detail, /1 wrong .* has another digest than its row/);
    assert.deepEqual(found.failed, [
      'migrations',
      'login',
      'documents open',
      'fresh ids',
      'schedules load',
      'workflow transition',
    ]);
    assert.equal(found.exit, 5);
  });

  test('other keys than those that signed and sealed are found, and a certificate beside another key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await using _ = await harmed(async () => {
      // The one in the environment is dead.
      await edit(SITE_SETTINGS, /"SECRET_KEY": ".*"/, `"SECRET_KEY": "${'another'.repeat(8)}"`);
      await writeFile(
        join(world.app, 'certificates/server.key'),
        privateKey.export({ type: 'pkcs8', format: 'pem' }),
      );
    });
    assert.deepEqual((await drill()).failed, ['certificates and keys', 'sessions', 'key canaries']);
  });

  test('F14: a required variable that the backup lacks is named, and the application does not start without it', async () => {
    await using _ = await harmed(() => edit('.env', /^SECRET_KEY=.*\n/m, ''));
    const found = await drill();
    assert.match(found.checks.get('required variables')!.detail, /missing: SECRET_KEY$/);
    assert.match(
      found.checks.get('application starts')!.detail,
      /ImproperlyConfigured: SECRET_KEY is not set$/,
    );
  });

  test('settings under which nobody may log in and no page is found fail login, permissions, check and page', async () => {
    await using _ = await harmed(() =>
      edit(
        'registrar/settings/production.py',
        /$/,
        "\nROOT_URLCONF = 'registrar.nowhere'\nAUTHENTICATION_BACKENDS = ['django.contrib.auth.backends.BaseBackend']\n",
      ),
    );
    assert.deepEqual((await drill()).failed, ['system check', 'login', 'groups and permissions', 'health']);
  });

  test('a copy that reads the original’s address fails, and does not pass against the original', async () => {
    await using _ = await harmed(() =>
      edit(
        'registrar/settings/production.py',
        /$/,
        `\nDATABASES["default"].update(HOST="127.0.0.1", PORT="${world.postgres.port}")\n`,
      ),
    );
    const before = await look();
    const found = await drill();
    assert.match(found.checks.get('database is the restored copy')!.detail, /OperationalError/);
    assert.ok(found.failed.length > 6, String(found.failed));
    assert.deepEqual(await look(), before);
  });

  test('without a declared application L5 is not checked, and is no pass', async () => {
    await declareEdited(stack, deployment, (spec) => void spec.delete('application'));
    const found = await drill();
    assert.ok(found.notChecked.some((what) => what.startsWith('the application itself (L5)')));
    assert.ok([...found.checks.values()].every(({ level }) => level < 5));
  });

  test('with verify.postgres.url the rows are proved on that server, and the application is not asked', async () => {
    await writeSecret(
      join(stack.home, 'services.env'),
      'TRIAL_URL',
      process.env['HOLDFAST_TEST_DB_URL'] ?? '',
    );
    await declareEdited(stack, deployment, (spec) =>
      spec.setIn(['verify', 'postgres'], spec.createNode({ url: { env: 'TRIAL_URL' } })),
    );
    const found = foundOf(await stack.holdfast.say('drill', deployment));
    assert.deepEqual(found.failed, []);
    const ofRows = ({ checks }: Found) => [...checks].flatMap(([at, { level }]) => (level === 2 ? [at] : []));
    assert.deepEqual(ofRows(found), ofRows(good));
    assert.deepEqual(found.notChecked, [
      'the application itself (L5): verify.postgres names a server, which no enclosed program can reach',
    ]);
  });

  test('a damaged pack is named by a verification of what is stored, and its verdict is kept', async () => {
    await stack.holdfast.expect(0, 'verify', deployment, '--level', '0');
    await stack.holdfast.expect(0, 'verify', deployment);
    const shown = await stack.holdfast.expect(0, 'backups', 'show', deployment);
    const { manifest } = shown.answer['backup'] as { manifest: { snapshots: { packs: string[] }[] } };
    const pack = manifest.snapshots[0]!.packs[0]!;
    const file = join(stack.home, 'store/packs', pack.slice(0, 2), pack);
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
    const spoken = await stack.holdfast.expect(5, 'verify', deployment);
    assert.match(JSON.stringify(spoken.answer['run']), new RegExp(pack));
    assert.deepEqual(foundOf(spoken).failed, ['packs re-read']);
  });

  const drill = async () => {
    await stack.holdfast.say('backup', deployment);
    return foundOf(await stack.holdfast.say('drill', deployment));
  };

  /** As the oracle sees it; nobody works in it meanwhile. */
  const look = async () => {
    const { state } = await observe(world, {
      name: 'quiet',
      system: describeSystem(world, { http: false }),
      only: 'database,trees,env',
    });
    return { database: state.database, trees: state.trees, env: state.env, places: await fingerprint(world) };
  };

  const edit = async (name: string, what: RegExp, by: string) => {
    const file = join(world.app, name);
    const text = await readFile(file, 'utf8');
    const edited = text.replace(what, () => by);
    assert.notEqual(edited, text);
    await writeFile(file, edited);
  };

  /** The source is harmed, and is as it was when the test is over. */
  const harmed = async (harm: () => Promise<unknown>) => {
    const kept = join(world.folder, 'kept');
    await execa('cp', ['-a', world.app, kept]);
    await sql(world, `CREATE DATABASE kept TEMPLATE "${world.database}"`, 'postgres');
    await harm();
    return {
      [Symbol.asyncDispose]: async () => {
        await rm(world.app, { recursive: true });
        await rename(kept, world.app);
        await sql(world, `DROP DATABASE "${world.database}" WITH (FORCE)`, 'postgres');
        await sql(world, `ALTER DATABASE kept RENAME TO "${world.database}"`, 'postgres');
      },
    };
  };
});

async function leftovers(): Promise<readonly string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith('holdfast-drill-'));
  const owners = await Promise.all(
    names.map((name) => readFile(join(tmpdir(), name, 'owner.json'), 'utf8').catch(() => '{"pid":0}')),
  );
  // Drills of other stacks on this machine are theirs.
  return names.filter((_, at) => (JSON.parse(owners[at]!) as { pid: number }).pid === 0);
}

/** What only a person knows: how it is served, and what it can prove itself. */
function withApplication(world: World): Edit {
  const manage = (name: string) => [world.python, 'manage.py', name];
  return (spec) => {
    spec.setIn(
      ['application', 'serve'],
      spec.createNode([world.python, '-m', 'gunicorn', '-b', new URL(world.baseUrl).host, 'registrar.wsgi']),
    );
    spec.set('runtime', spec.createNode({ require: ['sh'] }));
    spec.setIn(['policy', 'rpoLevel'], 5);
    spec.addIn(['checks'], spec.createNode({ name: 'workflow transition', command: manage('probe') }));
    spec.addIn(['checks'], spec.createNode({ name: 'key canaries', command: manage('canary') }));
    spec.addIn(['checks'], spec.createNode({ name: 'where it works', command: manage('verify_site') }));
  };
}

function foundOf({ exit, answer, stderr, lines }: Spoken): Found {
  const { verdict } = answer as { verdict?: { checks: readonly Check[]; notChecked: readonly string[] } };
  if (verdict === undefined)
    throw new Error(
      `no verdict: ${JSON.stringify(lines.filter(({ event }) => (event as { kind?: string } | undefined)?.kind === 'step-failed'))} ${stderr}`,
    );
  return {
    exit,
    checks: new Map(verdict.checks.map((check) => [check.name, check])),
    failed: verdict.checks.filter(({ ok }) => !ok).map(({ name }) => name),
    notChecked: verdict.notChecked,
  };
}
