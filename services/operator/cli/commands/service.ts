import { runSupervisor } from '#deploy/local/run-supervisor.ts';
import { SERVICE_NAMES, type ProcessName } from '#libs/contracts/services.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { LeafCommand } from '../command.ts';
import { runServiceHere } from '../services.ts';

const PROCESS_NAMES: readonly ProcessName[] = [...SERVICE_NAMES, 'inline'];

export const service: LeafCommand = {
  name: 'service',
  summary: 'run one of the five services, or all, in this process (what up does, from the one-file program)',
  words: [['<name>', `${SERVICE_NAMES.join(', ')}, or inline for all five`]],
  examples: ['HOLDFAST_HOME=/var/lib/holdfast HOLDFAST_STORE_URL=disk:/srv/store holdfast service verifier'],
  async act(input) {
    const name = input.word(0);
    const known = PROCESS_NAMES.find((each) => each === name);
    if (known === undefined) throw new HoldfastError('USAGE', { service: name, wanted: PROCESS_NAMES });
    return await ended(() => runServiceHere(known));
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
