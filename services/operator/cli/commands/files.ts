import { createWriteStream } from 'node:fs';
import { link, rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FetchFileResponse__Output as Part } from '#libs/contracts/gen/holdfast/files/v1/FetchFileResponse.ts';
import type { ListFilesResponse__Output as FilePage } from '#libs/contracts/gen/holdfast/files/v1/ListFilesResponse.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { CommandGroup, Context, LeafCommand } from '../command.ts';
import { openFrontDoor, withFrontDoor } from '../connection.ts';
import type { FrontDoor } from '../front-door.ts';
import { collectPages } from '../pages.ts';
import { requireSnapshots, requireSnapshotWith } from '../snapshot-of.ts';
import { bytesText, table } from '../text.ts';
import { search } from './files-search.ts';

const SERVICE = 'holdfast.files.v1.FileService';
const BACKUP: readonly [string, string] = ['--backup <id>', 'a backup id, or latest (the default)'];

const list: LeafCommand = {
  name: 'list',
  summary: 'files in a backup',
  words: [
    ['<deployment>', 'name in its spec'],
    ['[contains]', 'only paths that contain this'],
  ],
  options: [BACKUP, ['--limit <n>', 'how many at most (default 200)']],
  examples: ['holdfast files list records-eu contract', 'holdfast files list records-eu --json --limit 5000'],
  async act(input, context) {
    const wanted = {
      deployment: input.word(0),
      backup: input.text('backup') ?? 'latest',
      component: 'files' as const,
    };
    const limit = input.count('limit', 200);
    return await withFrontDoor(context, async (door) => {
      const { snapshots, backupId } = await requireSnapshots(door, wanted);
      const query = { deployment: wanted.deployment, nameContains: input.findWord(1) ?? '' };
      const lists = await Promise.all(
        snapshots.map(({ id: snapshotId }) => listFiles(door, limit, { ...query, snapshotId })),
      );
      const files = lists.flat().slice(0, limit);
      const rows = files.map((file) => [
        file.root,
        file.kind,
        bytesText(Number(file.bytes)),
        file.modifiedAt,
        file.path,
      ]);
      const text =
        files.length === 0 ? 'no such files' : table(['ROOT', 'KIND', 'SIZE', 'MODIFIED', 'PATH'], rows);
      return { data: { backupId, files }, text };
    });
  },
};

async function listFiles(
  door: FrontDoor,
  limit: number,
  query: { readonly deployment: string; readonly snapshotId: string; readonly nameContains: string },
) {
  return await collectPages(limit, async (page) => {
    const request = { ...query, ...page };
    const answer = await door.caller.call<FilePage>('file-snapshot', SERVICE, 'listFiles', request);
    return { items: answer.files, next: answer.nextPageToken };
  });
}

const fetch: LeafCommand = {
  name: 'fetch',
  summary: 'take one file out of a backup; its digest is checked',
  words: [
    ['<deployment>', 'name in its spec'],
    ['<root>', 'name of the root'],
    ['<path>', 'path below the root, as listed'],
  ],
  options: [BACKUP, ['--to <file>', 'where to write it, or - for standard output (default: its name, here)']],
  examples: [
    'holdfast files fetch records-eu storage documents/contract.pdf',
    'holdfast files fetch records-eu storage documents/contract.pdf --to - | sha256sum',
  ],
  async act(input, context) {
    const wanted = {
      deployment: input.word(0),
      backup: input.text('backup') ?? 'latest',
      root: input.word(1),
      path: input.word(2),
    };
    const to = input.text('to') ?? basename(wanted.path);
    if (to === '-') return { data: wanted, text: '', content: readFile(wanted, context) };
    const file = resolve(context.cwd, to);
    const bytes = await writeWhole(readFile(wanted, context), file);
    return { data: { ...wanted, file, bytes }, text: `${file}: ${bytesText(bytes)}` };
  },
};

export const files: CommandGroup = {
  name: 'files',
  summary: 'look into backups and take single files out',
  commands: [list, fetch, search],
};

interface WantedFile {
  readonly deployment: string;
  readonly backup: string;
  readonly root: string;
  readonly path: string;
}

/** Streams the content; ends with an error when it is not what was backed up. */
async function* readFile(
  { deployment, backup, root, path }: WantedFile,
  context: Context,
): AsyncIterable<Buffer> {
  using connection = await openFrontDoor(context);
  const { door } = connection;
  const { snapshotId } = await requireSnapshotWith(door, root, { deployment, backup, component: 'files' });
  const request = { deployment, snapshotId, root, path };
  const { signal } = context.interrupts;
  for await (const { content } of door.caller.stream<Part>('file-snapshot', SERVICE, 'fetchFile', request, {
    signal,
  }))
    yield content;
}

/** Has its name only when it is whole and checked; an existing file is never overwritten. */
async function writeWhole(parts: AsyncIterable<Buffer>, file: string): Promise<number> {
  const partial = `${file}.partial`;
  const sink = createWriteStream(partial, { flags: 'w', mode: 0o600 });
  try {
    await pipeline(parts, sink);
    await link(partial, file);
    return sink.bytesWritten;
  } catch (thrown) {
    throw writeError(thrown, file);
  } finally {
    await rm(partial, { force: true });
  }
}

function writeError(thrown: unknown, file: string): unknown {
  switch ((thrown as NodeJS.ErrnoException).code) {
    case 'EEXIST':
      return new HoldfastError(
        'USAGE',
        { exists: file, remedy: 'give another name: --to FILE' },
        { cause: thrown },
      );
    case 'EACCES':
    case 'ENOENT':
    case 'EROFS':
      return new HoldfastError('NOT_WRITABLE', { file }, { cause: thrown });
    default:
      return thrown;
  }
}
