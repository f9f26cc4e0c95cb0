import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystem, judge, observeWhole } from '../judge.ts';
import { restoreOnce, type Play } from '../theatre.ts';

/** The document store is destroyed; it alone comes back, and the database is not touched. */
export const files: Play = async (theatre) => {
  const { world, stack, deployment, onNote } = theatre;
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'files-before', system });
  onNote('holdfast backup');
  const backup = await stack.holdfast.expect(0, 'backup', deployment);
  onNote('the disaster: the document store is gone');
  await rm(join(world.app, 'storage'), { recursive: true, force: true });
  onNote('holdfast restore --only files');
  const { restore, manualSteps } = await restoreOnce(theatre, 0, deployment, '--only', 'files');
  onNote('the oracle compares');
  const { verdict } = await judge(world, { name: 'files-after', system, before });
  return { backup, restore, manualSteps, oracle: verdict, promises: {} };
};
