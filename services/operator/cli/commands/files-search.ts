import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FetchFileResponse__Output as Part } from '#libs/contracts/gen/holdfast/files/v1/FetchFileResponse.ts';
import type { ListFilesResponse__Output as FilePage } from '#libs/contracts/gen/holdfast/files/v1/ListFilesResponse.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Input, LeafCommand } from '../command.ts';
import { withFrontDoor } from '../connection.ts';
import type { FrontDoor } from '../front-door.ts';
import { linesBetween, type LogLine, type Wanted } from '../log-lines.ts';
import { collectPages } from '../pages.ts';
import { requireSnapshotWith } from '../snapshot-of.ts';

const SERVICE = 'holdfast.files.v1.FileService';
const LIMIT = 1_000;
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/;

interface Place {
  readonly deployment: string;
  readonly snapshotId: string;
  readonly root: string;
}

export const search: LeafCommand = {
  name: 'search',
  summary: 'lines of the logs in a backup, by time and text; also of those that were packed by gzip',
  words: [
    ['<deployment>', 'name in its spec'],
    ['<root>', 'name of the root, such as logs'],
    ['[contains]', 'only lines that contain this'],
  ],
  options: [
    ['--from <time>', 'as the log writes it: 2026-11-24, or 2026-11-24T10:00:00'],
    ['--to <time>', 'likewise; counts whole'],
    ['--backup <id>', 'a backup id, or latest (the default)'],
    ['--limit <n>', `how many at most (default ${LIMIT})`],
  ],
  examples: ['holdfast files search records-eu logs "logged in" --from 2026-11-23 --to 2026-11-24T10:00'],
  async act(input, context) {
    const deployment = input.word(0);
    const root = input.word(1);
    const limit = input.count('limit', LIMIT);
    const wanted = {
      from: timeOf(input, 'from'),
      to: timeOf(input, 'to'),
      contains: input.findWord(2) ?? '',
    };
    return await withFrontDoor(context, async (door) => {
      const backup = input.text('backup') ?? 'latest';
      const { snapshotId, backupId } = await requireSnapshotWith(door, root, {
        deployment,
        backup,
        component: 'files',
      });
      const place = { deployment, snapshotId, root };
      const lines: (LogLine & { readonly path: string })[] = [];
      for (const path of await pathsOf(door, place))
        for await (const found of linesOf(door, { ...place, path }, wanted))
          if (lines.length < limit) lines.push({ path, ...found });
          else break;
      const text = lines.map(({ path, line }) => `${path}: ${line}`).join('\n');
      return { data: { backupId, lines }, text: lines.length === 0 ? 'no such lines' : text };
    });
  },
};

async function pathsOf(door: FrontDoor, { root, ...query }: Place): Promise<readonly string[]> {
  const files = await collectPages(Number.MAX_SAFE_INTEGER, async (page) => {
    const request = { ...query, nameContains: '', ...page };
    const answer = await door.caller.call<FilePage>('file-snapshot', SERVICE, 'listFiles', request);
    return { items: answer.files, next: answer.nextPageToken };
  });
  const own = files.filter((file) => file.root === root && file.kind === 'file');
  if (own.length === 0)
    throw new HoldfastError('NOT_FOUND', { root }, { message: `the backup has no files of root ${root}` });
  return own.map(({ path }) => path);
}

function linesOf(
  { caller }: FrontDoor,
  request: Place & { readonly path: string },
  wanted: Wanted,
): AsyncIterable<LogLine> {
  async function* bytes() {
    for await (const { content } of caller.stream<Part>('file-snapshot', SERVICE, 'fetchFile', request))
      yield content;
  }
  const content = Readable.from(bytes());
  const input = request.path.endsWith('.gz') ? content.compose(createGunzip()) : content;
  return linesBetween(splitLines(input), wanted);
}

async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function timeOf(input: Input, name: 'from' | 'to'): string | undefined {
  const text = input.text(name);
  if (text === undefined || TIME.test(text)) return text;
  throw new HoldfastError('USAGE', { [name]: text, remedy: 'wanted: 2026-11-24 or 2026-11-24T10:00:00' });
}
