import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from '#test/findings/on-world.ts';
import { compare, describeSystem, judge, observe, observeWhole } from '../judge.ts';
import { restoreOnce, together, type Play } from '../theatre.ts';

/** The backup of an earlier moment beside the living system, which runs on and is not touched. */
export const beside: Play = async (theatre) => {
  const { world, stack, deployment, onNote } = theatre;
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'beside-before', system });
  const declared = { may_differ: [OTHER_NAME] };
  const source = await observe(world, {
    name: 'beside-source',
    system: { ...system, ...declared },
    only: SECTIONS,
  });
  onNote('holdfast backup');
  const backup = await stack.holdfast.expect(0, 'backup', deployment);
  onNote('holdfast restore --beside');
  const folder = join(world.folder, 'beside');
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
    ...there,
    ...declared,
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
  await sql(world, `DROP DATABASE "${COPY}"`, 'postgres');
  await rm(folder, { recursive: true, force: true });
  return {
    backup,
    restore,
    manualSteps,
    oracle: together(equal, verdict),
    promises: { 'what is there already is never written over': again.exit === 4 },
  };
};

const COPY = 'edms_beside';
const SECTIONS = 'database,trees,env';
const OTHER_NAME = {
  area: 'database.properties',
  key: 'name',
  reason: 'the database has a name of its own',
};
