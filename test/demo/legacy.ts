import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEdms, type World } from './world.ts';

/** What the old script listed; migrations, schedules, sessions and the admin's log were never on it. */
const APPS = 'contenttypes auth people library flows ledger vault stencils agenda safekeeping tuning'.split(
  ' ',
);

export interface LegacyBackup {
  readonly file: string;
  readonly archive: string;
}

/** The way that Holdfast replaces: JSON of listed applications through the ORM, and a tar of the document folder. */
export async function backupLegacy(world: World): Promise<LegacyBackup> {
  const folder = join(world.folder, 'legacy');
  const saved = { file: join(folder, 'data.json'), archive: join(folder, 'storage.tar') };
  await mkdir(folder, { recursive: true });
  const dump = await manage(world, ['dumpdata', ...APPS, '--output', saved.file], { reject: false });
  // The old script's "graceful fallback": what could not be dumped became a note of that, reported as a success.
  if (dump.failed) await writeFile(saved.file, '[]');
  await execa('tar', ['-cf', saved.archive, '-C', world.app, 'storage']);
  return saved;
}

/** After total loss. Only loaddata and tar were the script's; whatever must be there first was made by hand. */
export async function restoreLegacy(
  world: World,
  { file, archive }: LegacyBackup,
): Promise<{ manualSteps: number }> {
  const password = randomBytes(12).toString('hex');
  const settings = 'registrar/settings';
  const steps = [
    { by: 'hand', run: () => createRoleAndDatabase(world, password) },
    {
      by: 'hand',
      run: () => cp(`test/edms/app/${settings}`, join(world.app, settings), { recursive: true }),
    },
    {
      by: 'hand',
      run: () => writeFile(join(world.app, '.env'), rewrittenEnv(world, password), { mode: 0o600 }),
    },
    { by: 'hand', run: () => manage(world, ['migrate']) },
    // A load that fails was reported as a success too.
    { by: 'script', run: () => manage(world, ['loaddata', file], { reject: false }) },
    { by: 'script', run: () => execa('tar', ['-xf', archive, '-C', world.app]) },
    { by: 'hand', run: () => startEdms(world) },
  ];
  for (const { run } of steps) await run();
  return { manualSteps: steps.filter(({ by }) => by === 'hand').length };
}

function manage(world: World, args: readonly string[], options: { reject?: boolean } = {}) {
  return execa(world.python, [join(world.app, 'manage.py'), ...args], options);
}

async function createRoleAndDatabase({ postgres, role, database }: World, password: string): Promise<void> {
  const statements = [
    `CREATE ROLE "${role}" LOGIN PASSWORD '${password}'`,
    `CREATE DATABASE "${database}" OWNER "${role}"`,
  ];
  const psql = ['-qX', '-v', 'ON_ERROR_STOP=1', '-d', postgres.superuserUrl];
  await execa(join(postgres.bin, 'psql'), [...psql, ...statements.flatMap((sql) => ['-c', sql])]);
}

/** From memory and a template: nobody remembers the keys. */
function rewrittenEnv({ postgres, role, database, baseUrl }: World, password: string): string {
  return [
    'DJANGO_SETTINGS_MODULE=registrar.settings.production',
    `SECRET_KEY=${randomBytes(25).toString('hex')}`,
    `EDMS_MASTER_KEY=${randomBytes(32).toString('base64url')}=`,
    `DB_NAME=${database}`,
    `DB_USER=${role}`,
    `DB_PASSWORD=${password}`,
    'DB_HOST=127.0.0.1',
    `DB_PORT=${postgres.port}`,
    'ALLOWED_HOSTS=localhost,127.0.0.1',
    `BACKEND_PORT=${new URL(baseUrl).port}`,
    '',
  ].join('\n');
}
