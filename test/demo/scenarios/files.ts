import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystem, judge, observeWhole } from '../judge.ts';
import { restoreOnce, takeBackup, type Play } from '../theatre.ts';

/** The document store is destroyed; it alone comes back, and the database is not touched. */
export const files: Play = async (theatre) => {
  const { world, deployment, onNote } = theatre;
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'files-before', system });
  onNote('holdfast backup');
  const backup = await takeBackup(theatre);
  onNote('the disaster: the document store is gone');
  await rm(join(world.app, 'storage'), { recursive: true, force: true });
  onNote('holdfast restore --only files');
  const { restore, manualSteps } = await restoreOnce(theatre, 0, deployment, '--only', 'files');
  onNote('the oracle compares');
  const { verdict } = await judge(world, { name: 'files-after', system, before });
  // The rows stay: what was overwritten since the backup has the file of its moment and the row of now.
  const told = world.living.map(({ file_path }) => file_path);
  return { backup, restore, manualSteps, oracle: verdict, told, promises: {} };
};
