/** One JSON value a line: how long lists are kept in a snapshot's streams. Lines never hold a raw newline. */

const LINE_FEED = 0x0a;

/** Parses line by line; holds one chunk and one line. */
export async function* readNdjson<T>(source: AsyncIterable<Uint8Array>): AsyncIterable<T> {
  let rest: Uint8Array[] = [];
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield parseLine<T>([...rest, chunk.subarray(start, end)]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(Uint8Array.from(chunk.subarray(start)));
  }
  if (rest.length > 0) yield parseLine<T>(rest);
}

export async function* writeNdjson(
  records: AsyncIterable<unknown> | Iterable<unknown>,
  batchBytes = 256 * 1024,
): AsyncIterable<Buffer> {
  yield* writeLines(linesOf(records), batchBytes);
}

export function lineOf(record: unknown): string {
  return `${JSON.stringify(record)}\n`;
}

/** Batches lines so that a list of a million small records does not become a million small buffers. */
export async function* writeLines(
  all: AsyncIterable<string> | Iterable<string>,
  batchBytes = 256 * 1024,
): AsyncIterable<Buffer> {
  let lines: string[] = [];
  let bytes = 0;
  for await (const line of all) {
    lines.push(line);
    bytes += line.length;
    if (bytes < batchBytes) continue;
    yield Buffer.from(lines.join(''));
    lines = [];
    bytes = 0;
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''));
}

async function* linesOf(records: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterable<string> {
  for await (const record of records) yield lineOf(record);
}

function parseLine<T>(parts: readonly Uint8Array[]): T {
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as T;
}
