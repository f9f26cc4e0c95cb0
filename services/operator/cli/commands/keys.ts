import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createFile } from '#deploy/local/create-file.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import {
  addPassphrase,
  addRecipient,
  beginEpoch,
  listRecipients,
  unlockPassphrase,
} from '#libs/repository/change-recipients.ts';
import { RECIPIENT_NAME_PATTERN, type Recipients } from '#libs/repository/recipients.ts';
import { readIdentity } from '#libs/runtime/key-file.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { Answer, CommandGroup, Context, Input } from '../command.ts';
import { requireYes } from '../confirm.ts';
import { proveKey } from '../keys/prove.ts';
import { chosenStore, STORE_OPTION } from '../store-choice.ts';
import { withStore } from '../store-for-now.ts';
import { table } from '../text.ts';

const KEY_OPTION = ['--key <file>', 'the key to work with; else that of this home'] as const;

export const keys: CommandGroup = {
  name: 'keys',
  summary: 'who can open the store: recipients, passphrases, key epochs',
  commands: [
    {
      name: 'list',
      summary: 'who has a key of the newest epoch; no key is needed',
      options: [STORE_OPTION],
      examples: ['holdfast keys list', 'node holdfast.mjs keys list --store /mnt/store'],
      act: (input, context) =>
        onStore(input, context, async (store) => listAnswer(await listRecipients(store))),
    },
    {
      name: 'add',
      summary: 'let somebody open everything, and all that comes',
      words: [['<name>', 'lower case letters, digits and dashes']],
      options: [
        ['--recipient <age1…>', 'the public half of their key, as age-keygen prints it'],
        ['--passphrase-file <file>', 'instead: its first line opens an identity that is kept in the store'],
        STORE_OPTION,
        KEY_OPTION,
      ],
      examples: [
        'holdfast keys add colleague --recipient age1…',
        'holdfast keys add safe --passphrase-file passphrase.txt',
      ],
      act: (input, context) =>
        onStore(input, context, async (store) => {
          const holder = { store, identity: await keyOf(input, context) };
          const [name, recipient] = [requireName(input.word(0)), input.text('recipient')];
          if (recipient === undefined)
            await addPassphrase(holder, { name, passphrase: await passphraseOf(input, context) });
          else await addRecipient(holder, { name, kind: 'identity', recipient });
          return listAnswer(await listRecipients(store));
        }),
    },
    {
      name: 'remove',
      summary: 'take a key away: a new key epoch at once, which this one does not open',
      words: [['<name>', 'as keys list shows it']],
      options: [['--yes', 'do not ask'], STORE_OPTION, KEY_OPTION],
      examples: ['holdfast keys remove colleague'],
      act: (input, context) =>
        onStore(input, context, async (store) => {
          const removed = input.word(0);
          const question = `Take the key of ${removed} away? Backups made so far stay open to whoever kept a copy, until prune has sealed them again.`;
          await requireYes(question, context, input.flag('yes'));
          await beginEpoch({ store, identity: await keyOf(input, context) }, { removed });
          return listAnswer(await listRecipients(store));
        }),
    },
    {
      name: 'rotate',
      summary: 'a new key epoch for everybody who has a key',
      options: [STORE_OPTION, KEY_OPTION],
      examples: ['holdfast keys rotate'],
      act: (input, context) =>
        onStore(input, context, async (store) => {
          await beginEpoch({ store, identity: await keyOf(input, context) });
          return listAnswer(await listRecipients(store));
        }),
    },
    {
      name: 'unlock',
      summary: 'a key file from a passphrase',
      options: [
        ['--passphrase-file <file>', 'its first line'],
        ['--out <file>', 'where the key goes; a file that is there is not overwritten'],
        STORE_OPTION,
      ],
      examples: ['holdfast keys unlock --store /mnt/store --passphrase-file passphrase.txt --out key.txt'],
      act: (input, context) =>
        onStore(input, context, async (store) => {
          const out = resolve(context.cwd, input.requireText('out'));
          const { name, identity } = await unlockPassphrase(store, await passphraseOf(input, context));
          if (!(await createFile(out, `# Holdfast: key of ${name}\n${identity.reveal()}\n`)))
            throw new HoldfastError('USAGE', {
              option: '--out',
              seen: out,
              wanted: 'a file that is not there',
            });
          return { data: { name, file: out }, text: `the key of ${name} is in ${out}` };
        }),
    },
    {
      name: 'prove',
      summary: 'open a backup with a key, as in an emergency, and record that it worked',
      options: [STORE_OPTION, ['--key <file>', 'the key to try: the recovery key, from where it is kept']],
      examples: ['holdfast keys prove --key /mnt/usb/recovery-key.txt'],
      act: (input, context) =>
        onStore(input, context, async (store) => {
          const identity = await readIdentity(resolve(context.cwd, input.requireText('key')));
          const proof = await proveKey(store, identity, context.clock);
          return { data: { proof }, text: `${proof.name} opens ${proof.backup}; recorded at ${proof.at}` };
        }),
    },
  ],
};

async function onStore(
  input: Input,
  context: Context,
  work: (store: ObjectStore) => Promise<Answer>,
): Promise<Answer> {
  return await withStore(await chosenStore(input, context), context, work);
}

async function keyOf(input: Input, { cwd, env, home }: Context): Promise<Secret> {
  const named = input.text('key');
  return await readIdentity(
    named === undefined ? env['HOLDFAST_KEY_FILE'] || home.keyFile : resolve(cwd, named),
  );
}

/** Throws USAGE. */
async function passphraseOf(input: Input, { cwd }: Context): Promise<Secret> {
  const file = resolve(cwd, input.requireText('passphraseFile'));
  const [line = ''] = (
    await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new HoldfastError('USAGE', { option: '--passphrase-file', seen: file }, { cause });
    })
  ).split(/\r?\n/);
  if (line === '') throw new HoldfastError('USAGE', { option: '--passphrase-file', wanted: 'a first line' });
  return new Secret(line);
}

function requireName(name: string): string {
  if (RECIPIENT_NAME_PATTERN.test(name)) return name;
  throw new HoldfastError('USAGE', { seen: name, wanted: 'lower case letters, digits and dashes' });
}

function listAnswer({ epoch, recipients }: Recipients): Answer {
  const rows = recipients.map(({ name, kind, recipient, addedAt }) => [name, kind, addedAt, recipient]);
  return {
    data: { epoch, recipients },
    text: `${table(['NAME', 'KIND', 'SINCE', 'RECIPIENT'], rows)}\n\nkey epoch ${epoch}`,
  };
}
