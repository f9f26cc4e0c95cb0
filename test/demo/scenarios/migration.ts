import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseFreePort } from '#deploy/local/free-ports.ts';
import { parseDocument } from 'yaml';
import { writeSecret } from '#services/operator/cli/init/services-env.ts';
import { sql } from '#test/findings/on-world.ts';
import { compare, declaring, describeSystem, judge, observe, observeWhole } from '../judge.ts';
import { outcomeOf, restoreOnce, takeBackup, together, type Play, type Theatre } from '../theatre.ts';
import { installProgram, standsAlone } from './alone.ts';
import type { Spoken } from '../holdfast.ts';
import { ADAPTED } from '../spiteful.ts';
import { hooksOf, pauseEdms, stopEdms, type World } from '../world.ts';

const STAGING = { deployment: 'staging', database: 'edms_staging' };
/** Of the place they came from, and not taken over; told apart by the promises below. */
const OF_THE_PLACE = { django_session: 'dropped', django_celery_beat_periodictask: 'held' };

const OTHER_NAME = { area: 'database.properties', key: 'name', reason: 'the database has a name of its own' };

/** A second deployment becomes what the first one is, with its own names and keys; the first one goes on untouched. */
export const migration: Play = async (theatre) => {
  const { world, stack, deployment, onNote } = theatre;
  const { holdfast } = stack;
  const system = describeSystem(world);
  onNote('a second deployment is declared: other folder, database, port, hosts and key');
  const staging = await declareStaging(theatre);
  const before = await observeWhole(world, { name: 'migration-before', system });
  const own = { volatile: { tables: OF_THE_PLACE }, may_differ: [OTHER_NAME, ...ADAPTED] };
  const mild = declaring(system, own);
  const source = await observe(world, { name: 'migration-source', system: mild, only: SECTIONS });
  onNote('holdfast backup');
  const backup = await takeBackup(theatre);
  onNote('holdfast restore --to staging');
  const words = [deployment, '--to', STAGING.deployment];
  const { restore, manualSteps } = await restoreOnce(theatre, 0, ...words);
  try {
    onNote('the oracle compares: the copy with the original, and the original with what it was');
    const due = () =>
      sql(
        world,
        'SELECT name FROM django_celery_beat_periodictask WHERE enabled ORDER BY 1',
        staging.database,
      );
    const held = await due();
    const sessions = await sql(world, 'SELECT count(*) FROM django_session', staging.database);
    const copySystem = declaring(describeSystem(staging, { http: false }), own);
    const copy = await observe(world, {
      name: 'migration-copy',
      system: copySystem,
      only: SECTIONS,
      since: source.file,
    });
    const equal = await compare(world, {
      before: source.file,
      after: copy.file,
      flags: ['--only', SECTIONS],
    });
    const alone = await standsAlone(world, staging, backup);
    const { verdict } = await judge(world, { name: 'migration-after', system, before });
    await holdfast.expect(0, 'schedules', 'release', STAGING.deployment);
    const dueHere = await due();
    const dueThere = await sql(
      world,
      'SELECT name FROM django_celery_beat_periodictask WHERE enabled ORDER BY 1',
    );
    const { adapted } = outcomeOf(restore) as { adapted?: { sessionsDropped: number } };
    return {
      backup,
      restore,
      manualSteps,
      oracle: together(equal, verdict),
      promises: {
        ...alone,
        'the plan names the keys that will differ, and no secret': plannedOpenly(restore, world),
        'only its own variables differ': await onlyOwnDiffer(world, staging),
        'only its own settings differ': await onlyOwnSettings(world, staging),
        'sessions are dropped': sessions === '0' && (adapted?.sessionsDropped ?? 0) > 0,
        'schedules are held': held === '' && dueThere !== '',
        'released, exactly those are due again': dueHere === dueThere,
      },
    };
  } finally {
    await stopEdms(staging);
  }
};

const SECTIONS = 'database,documents,trees';

const OWN = {
  DB_NAME: STAGING.database,
  ALLOWED_HOSTS: 'staging.example.org,localhost,127.0.0.1',
} as const;
const SITE_SECRET = 'the site signs with this one';
const SECRET = "it's another #key for staging $HOME";

async function declareStaging({ world, stack, deployment }: Theatre): Promise<World> {
  const port = await chooseFreePort();
  const instance = join(world.folder, 'staging');
  const app = join(instance, 'app');
  const staging: World = {
    ...world,
    instance,
    app,
    database: STAGING.database,
    baseUrl: `http://127.0.0.1:${port}`,
  };
  await installProgram(world, app);
  await pauseEdms(staging);
  await writeSecret(join(stack.home, 'services.env'), 'STAGING_SECRET_KEY', SECRET);
  await writeSecret(join(stack.home, 'services.env'), 'STAGING_SITE_KEY', SITE_SECRET);
  const own = join(stack.home, 'deployments', `${deployment}.yaml`);
  const text = (await readFile(own, 'utf8')).replaceAll(`${world.app}`, app);
  const spec = parseDocument(text);
  spec.set('deployment', STAGING.deployment);
  spec.setIn(['database', 'name'], STAGING.database);
  const set = { ...OWN, BACKEND_PORT: String(port), SECRET_KEY: { env: 'STAGING_SECRET_KEY' } };
  spec.setIn(['config', 'set'], spec.createNode(set));
  const rewrites = (spec.toJS() as { config: { rewrite: { file: string }[] } }).config.rewrite;
  const at = rewrites.findIndex(({ file }) => file === settingsFile(app));
  if (at >= 0)
    spec.setIn(['config', 'rewrite', at, 'set', 'SECRET_KEY'], spec.createNode({ env: 'STAGING_SITE_KEY' }));
  spec.set('hooks', spec.createNode(hooksOf(staging)));
  spec.set(
    'checks',
    spec.createNode([{ name: 'health', http: { url: `${staging.baseUrl}/health`, status: 200 } }]),
  );
  const file = join(stack.home, 'staging.yaml');
  await writeFile(file, String(spec));
  await stack.holdfast.expect(0, 'init', '--spec', file);
  return staging;
}

/** Line by line: every line is the original's but those of the four names, which say what the spec says. */
async function onlyOwnDiffer(world: World, staging: World): Promise<boolean> {
  const [there, here] = await Promise.all(
    [world, staging].map(async ({ app }) => (await readFile(join(app, '.env'), 'utf8')).split('\n')),
  );
  const changed = here!.filter((line, at) => line !== there![at]);
  const names = changed.map((line) => line.split('=', 1)[0]);
  const wanted = [`DB_NAME=${OWN.DB_NAME}`, `ALLOWED_HOSTS=${OWN.ALLOWED_HOSTS}`];
  return (
    here!.length === there!.length &&
    names.length === 4 &&
    ['ALLOWED_HOSTS', 'BACKEND_PORT', 'DB_NAME', 'SECRET_KEY'].every((name) => names.includes(name)) &&
    wanted.every((line) => changed.includes(line))
  );
}

const settingsFile = (app: string) => join(app, 'storage/media/local_settings.json');

/** The original's settings with the staging's folder, database and key; every other key and value is the original's. */
async function onlyOwnSettings(world: World, staging: World): Promise<boolean> {
  if (world.living.length === 0) return true;
  const [there, here] = await Promise.all(
    [world, staging].map(async ({ app }) => await readFile(settingsFile(app), 'utf8')),
  );
  const { SECRET_KEY } = JSON.parse(there!) as { SECRET_KEY: string };
  const wanted = there!
    .replaceAll(`${world.app}/`, `${staging.app}/`)
    .replace(`"NAME": "${world.database}"`, `"NAME": "${STAGING.database}"`)
    .replace(SECRET_KEY, SITE_SECRET);
  return here === wanted;
}

function plannedOpenly({ lines, stderr }: Spoken, { living }: World): boolean {
  const said = JSON.stringify(lines) + stderr;
  const keys = living.length > 0 ? ['DATABASE.NAME', 'MEDIA_ROOT', 'SITE_MODULE'] : ['DB_NAME'];
  return (
    keys.every((key) => said.includes(key)) && ![SECRET, SITE_SECRET].some((value) => said.includes(value))
  );
}
