import { runSupervisor } from '#deploy/local/run-supervisor.ts';
import { SERVICE_NAMES, type ServiceName } from '#libs/contracts/services.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { LeafCommand } from '../command.ts';
import { runServiceHere } from '../services.ts';

export const service: LeafCommand = {
  name: 'service',
  summary: 'run one of the five services in this process (what up does, from the one-file program)',
  words: [['<name>', SERVICE_NAMES.join(', ')]],
  examples: ['HOLDFAST_HOME=/var/lib/holdfast HOLDFAST_STORE_URL=disk:/srv/store holdfast service verifier'],
  async act(input) {
    const name = input.word(0);
    const known = SERVICE_NAMES.find((each) => each === name);
    if (known === undefined) throw new HoldfastError('USAGE', { service: name, wanted: SERVICE_NAMES });
    return await ended(() => runServiceHere(known satisfies ServiceName));
  },
};

export const supervise: LeafCommand = {
  name: 'supervise',
  hidden: true,
  summary: 'the process behind up --detach',
  examples: ['holdfast up --detach'],
  act: async () => await ended(() => runSupervisor()),
};

/** These processes take the signals themselves, say what they do in their log, and set their own exit code. */
async function ended(work: () => Promise<void>) {
  await work();
  return { data: {}, text: '', exit: Number(process.exitCode ?? 0) };
}
