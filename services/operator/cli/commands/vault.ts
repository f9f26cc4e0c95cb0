import type { ListVersionsResponse__Output as Versions } from '#libs/contracts/gen/holdfast/vault/v1/ListVersionsResponse.ts';
import type { ReleaseValueResponse__Output as Released } from '#libs/contracts/gen/holdfast/vault/v1/ReleaseValueResponse.ts';
import type { CommandGroup, LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import { driftOf, driftText } from '../report/drift.ts';
import { readManifests } from '../report/history.ts';
import { ledgerOf, ledgerText } from '../report/ledger.ts';
import { requireSnapshotWith } from '../snapshot-of.ts';
import { table } from '../text.ts';

const SERVICE = 'holdfast.vault.v1.VaultService';

const list: LeafCommand = {
  name: 'list',
  summary: 'versions of the configuration: names and fingerprints, never values',
  words: [['<deployment>', 'name in its spec']],
  examples: ['holdfast vault list records-eu'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const { versions } = await door.caller.call<Versions>('config-vault', SERVICE, 'listVersions', {
        deployment: input.word(0),
      });
      const text = versions.map((version) => {
        const rows = version.values.map(({ file, name, fingerprint }) => [
          file,
          name === '' ? '(whole file)' : name,
          fingerprint,
        ]);
        return `${version.snapshotId}  ${version.takenAt}\n${table(['FILE', 'NAME', 'FINGERPRINT'], rows)}`;
      });
      return { data: { versions }, text: text.length === 0 ? 'no versions yet' : text.join('\n\n') };
    });
  },
};

const get: LeafCommand = {
  name: 'get',
  summary: 'release one value to standard output; the read is recorded first',
  words: [
    ['<deployment>', 'name in its spec'],
    ['<file>', 'the file, as listed'],
    ['[name]', 'a variable of it; the whole file when not given'],
  ],
  options: [
    ['--backup <id>', 'a backup id, or latest (the default)'],
    ['--reason <text>', 'why it is read; kept in the ledger'],
  ],
  examples: ['holdfast vault get records-eu /app/.env SECRET_KEY --reason "moving to a new host"'],
  async act(input, context) {
    const deployment = input.word(0);
    const reason = input.requireText('reason');
    return await withFrontDoor(context, async (door) => {
      const { snapshotId, backupId } = await requireSnapshotWith(door, rootOf(input.word(1)), {
        deployment,
        backup: input.text('backup') ?? 'latest',
        component: 'config',
      });
      const request = { deployment, snapshotId, file: input.word(1), name: input.findWord(2) ?? '', reason };
      context.report.note(`out of backup ${backupId}`);
      const { value } = await door.caller.call<Released>('config-vault', SERVICE, 'releaseValue', request);
      return {
        data: { backupId, file: request.file, name: request.name, valueBase64: value.toString('base64') },
        text: '',
        content: [value],
      };
    });
  },
};

/** Of a file as it is listed: an env file is a root by its path. */
function rootOf(file: string): string {
  return file.startsWith('/') ? `env:${file}` : file.slice(0, (file + '/').indexOf('/'));
}

const drift: LeafCommand = {
  name: 'drift',
  summary: 'which names changed, when it was first seen, and in which versions; never a value',
  words: [['<deployment>', 'name in its spec']],
  examples: ['holdfast vault drift records-eu'],
  async act(input, context) {
    return await withFrontDoor(context, async (door) => {
      const history = await readManifests(door, input.word(0));
      const drifts = driftOf(history);
      const versions = history.length;
      return { data: { versions, drifts }, text: driftText(drifts, versions) };
    });
  },
};

const ledger: LeafCommand = {
  name: 'ledger',
  summary: 'every read, release and change of the configuration, from the log',
  words: [['<deployment>', 'name in its spec']],
  examples: ['holdfast vault ledger records-eu'],
  async act(input, context) {
    const deployment = input.word(0);
    return await withFrontDoor(context, async (door) => {
      const log = await door.readLog({ deployment, from: '', to: '' });
      const entries = ledgerOf(log.entries, driftOf(await readManifests(door, deployment)));
      return { data: { entries, headDigest: log.headDigest }, text: ledgerText(entries) };
    });
  },
};

export const vault: CommandGroup = {
  name: 'vault',
  summary: 'versions of the configuration, what changed between them, who read what, and single values',
  commands: [list, get, drift, ledger],
};
