import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseFreePort } from '#deploy/local/free-ports.ts';
import { sql } from '#test/findings/on-world.ts';
import { compare, declaring, describeSystem, judge, observe, observeWhole } from '../judge.ts';
import { pauseEdms } from '../world.ts';
import { ADAPTED } from '../spiteful.ts';
import { restoreOnce, takeBackup, together, type Play } from '../theatre.ts';
import { installProgram, standsAlone } from './alone.ts';

/** The backup of an earlier moment beside the living system, which runs on and is not touched. */
export const beside: Play = async (theatre) => {
  const { world, stack, deployment, onNote } = theatre;
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'beside-before', system });
  const declared = { volatile: {}, may_differ: [OTHER_NAME, ...OTHER_VARIABLE, ...ADAPTED] };
  const source = await observe(world, {
    name: 'beside-source',
    system: declaring(system, declared),
    only: SECTIONS,
  });
  onNote('holdfast backup');
  const backup = await takeBackup(theatre);
  onNote('holdfast restore --beside');
  const instance = join(world.folder, 'beside');
  const folder = join(instance, 'app');
  await installProgram(world, folder);
  await pauseEdms({ ...world, instance });
  const { restore, manualSteps } = await restoreOnce(
    theatre,
    0,
    deployment,
    '--beside',
    folder,
    '--database',
    COPY,
  );
  onNote('the oracle compares: the copy with the original, and the original with what it was');
  const there = describeSystem(world, { database: COPY, http: false }) as { trees: { name: string }[] };
  const copySystem = {
    ...declaring(there, declared),
    roots: [{ name: 'storage', path: join(folder, 'storage') }],
    trees: there.trees.map(({ name }) => ({ name, path: join(folder, name) })),
    logs: [{ name: 'logs', path: join(folder, 'logs') }],
    env_files: [join(folder, '.env')],
  };
  const copy = await observe(world, {
    name: 'beside-copy',
    system: copySystem,
    only: SECTIONS,
    since: source.file,
  });
  const equal = await compare(world, {
    before: source.file,
    after: copy.file,
    flags: ['--only', SECTIONS],
  });
  // Where the program looks for its settings; the rest lies where it does.
  await rename(join(folder, 'settings'), join(folder, 'registrar/settings'));
  const baseUrl = `http://127.0.0.1:${await chooseFreePort()}`;
  const alone = await standsAlone(
    world,
    { ...world, instance, app: folder, database: COPY, baseUrl },
    backup,
  );
  const { verdict } = await judge(world, { name: 'beside-after', system, before });
  const again = await stack.holdfast.say(
    'restore',
    deployment,
    '--beside',
    folder,
    '--database',
    COPY,
    '--plan',
  );
  await sql(world, `DROP DATABASE "${COPY}" WITH (FORCE)`, 'postgres');
  await rm(instance, { recursive: true, force: true });
  return {
    backup,
    restore,
    manualSteps,
    oracle: together(equal, verdict),
    promises: { ...alone, 'what is there already is never written over': again.exit === 4 },
  };
};

const COPY = 'edms_beside';
const SECTIONS = 'database,trees,env';
const OTHER_NAME = {
  area: 'database.properties',
  key: 'name',
  reason: 'the database has a name of its own',
};
const OTHER_VARIABLE = ['sha256', 'size', 'variables.DB_NAME'].map((field) => ({
  area: 'env',
  key: '.env',
  field,
  reason: 'names the copy’s database',
}));
