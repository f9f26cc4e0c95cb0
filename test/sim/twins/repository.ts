import { createHmac } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Repository } from '#libs/repository/port.ts';

const sign = (bytes: Uint8Array): string =>
  createHmac('sha256', 'the key of the simulated world').update(bytes).digest('hex');

const absent = (): never => {
  throw new HoldfastError('INTERNAL', { reason: 'the simulated repository signs, and nothing else' });
};

/** Signs as the repository does, with a key that is the same in every run: the history must be. */
export const simRepository: Repository = {
  id: 'simulated',
  sign,
  verifySignature: (bytes, signature) => sign(bytes) === signature,
  refresh: async () => {},
  writer: absent,
  read: absent,
  putSnapshot: absent,
  readSnapshot: absent,
  neededPacks: absent,
  verifyPack: absent,
  rebuildIndex: absent,
  lastingPacks: absent,
  clean: absent,
  seal: absent,
  open: absent,
  mac: absent,
};
