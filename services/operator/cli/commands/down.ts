import { stopStack } from '#deploy/local/detached-stack.ts';
import type { LeafCommand } from '../command.ts';

export const down: LeafCommand = {
  name: 'down',
  summary: 'stop the stack of the home folder; open runs go on at the next up',
  examples: ['holdfast down'],
  async act(_, { home }) {
    const stopped = await stopStack(home.folder);
    return { data: { stopped, home: home.folder }, text: stopped ? 'stopped' : 'nothing was running' };
  },
};
