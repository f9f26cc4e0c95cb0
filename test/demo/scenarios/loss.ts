import { describeSystem, judge, observeWhole } from '../judge.ts';
import { restoreOnce, type Play } from '../theatre.ts';
import { destroyWorld } from '../world.ts';

/** Everything is gone at once, and one command brings it back. */
export const loss: Play = async (theatre) => {
  const { world, stack, deployment, onNote } = theatre;
  const system = describeSystem(world);
  onNote('the oracle writes down what it sees');
  const before = await observeWhole(world, { name: 'loss-before', system });
  onNote('holdfast backup');
  const backup = await stack.holdfast.expect(0, 'backup', deployment);
  onNote('the disaster: database, role, documents, .env, settings, certificates and logs are gone');
  await destroyWorld(world);
  onNote('holdfast restore');
  const { restore, manualSteps } = await restoreOnce(theatre, 0, deployment);
  onNote('the oracle compares');
  const { verdict } = await judge(world, { name: 'loss-after', system, before });
  return { backup, restore, manualSteps, oracle: verdict, promises: {} };
};
