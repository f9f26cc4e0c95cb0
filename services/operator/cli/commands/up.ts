import { once } from 'node:events';
import { resolve } from 'node:path';
import { startDetachedStack } from '#deploy/local/detached-stack.ts';
import { startStack, type StackState } from '#deploy/local/stack.ts';
import type { Answer, Context, LeafCommand } from '../command.ts';
import { prepareRepository, type PreparedRepository } from '../prepare-repository.ts';
import { STACK_COMMANDS } from '../stack-commands.ts';
import { chosenSecondStore, chosenStore } from '../store-choice.ts';

export const up: LeafCommand = {
  name: 'up',
  summary: 'start bus, store and the five services on this host; make the repository when the store is empty',
  options: [
    ['--store <where>', 'disk (the default), minio, versitygw, a folder, or s3://BUCKET?endpoint=…&region=…'],
    ['--second-store <where>', 'where copies of all of it go: a folder, or s3://BUCKET?…; none gives it up'],
    ['--detach', 'leave it running in the background'],
    ['--inline', 'the five services in one process, for a small host'],
    [
      '--recovery-key <file>',
      'where the offline recovery key is written (default: recovery-key.txt in the home folder)',
    ],
  ],
  examples: [
    'holdfast up --detach && holdfast init --app /app',
    'holdfast up --inline --detach',
    'holdfast up --store minio',
    'holdfast up --store /mnt/backup/store --second-store /mnt/other/store',
  ],
  async act(input, context) {
    const { home, report, interrupts, env, cwd } = context;
    const store = await chosenStore(input, context);
    const given = input.text('recoveryKey');
    const recoveryFile = given === undefined ? undefined : resolve(cwd, given);
    const secondStoreUrl = await chosenSecondStore(input, context);
    const repository = await prepareRepository({ store, secondStoreUrl, recoveryFile }, context);
    const options = {
      home: home.folder,
      store,
      secondStoreUrl,
      inline: input.flag('inline'),
      env,
      signal: interrupts.signal,
      onNote: (note: string) => report.note(note),
      commands: STACK_COMMANDS,
    };
    if (input.flag('detach')) return startedAnswer(await startDetachedStack(options), repository);
    await using stack = await startStack(options);
    const started = startedAnswer(stack.state(), repository);
    report.note(`${started.text}\nCtrl-C stops it`);
    report.event(started.data);
    await stopped(context);
    return { data: { stopped: true }, text: 'stopped' };
  },
};

function startedAnswer(state: StackState, repository: PreparedRepository): Answer {
  const { store, secondStore, addresses, natsUrl, processes } = state;
  const data = {
    home: state.home,
    store,
    ...(secondStore === undefined ? {} : { secondStore }),
    addresses,
    natsUrl,
    processes: processes.map(({ name, status, port }) => ({ name, status, port })),
    repository,
  };
  const text = [
    `running: ${processes.map(({ name }) => name).join(', ')}`,
    `store: ${store.url}`,
    ...(secondStore === undefined ? [] : [`second store: ${secondStore.url}`]),
    ...recoveryLines(repository),
    'next: holdfast init --app FOLDER; when that is done: holdfast doctor',
  ];
  return { data, text: text.join('\n') };
}

export function recoveryLines({ created, recoveryFile }: PreparedRepository): readonly string[] {
  if (recoveryFile === undefined) return [];
  const place = `recovery key: ${recoveryFile}`;
  if (!created) return [place];
  return [
    place,
    '  With it and the store alone everything can be restored; without it and without this home folder nothing can.',
    '  Move it off this machine now, to where it survives the loss of this machine.',
  ];
}

async function stopped({ interrupts: { signal } }: Context): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
