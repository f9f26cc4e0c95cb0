import { read as readWith } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import type { StreamRef } from '#libs/repository/port.ts';
import { openStore } from '#libs/store/open-store.ts';

/**
 * child.ts write|read|puts STORE IDENTITY-FILE REF-FILE: a stream from standard input into a repository, or out of it,
 * read and checked to its end, or into the store as plain objects. A process of its own, as the peers are.
 */
const read = promisify(readWith);
const PIECE_BYTES = 1024 * 1024;
const OBJECT_BYTES = 16 * PIECE_BYTES;
const PUTS_AT_ONCE = 4;
const [verb, address = '', identityFile = '', refFile = ''] = process.argv.slice(2);
const { ACCESS: accessKey = '', SECRET: secret = '' } = process.env;
const store = openStore(address, accessKey === '' ? {} : { accessKey, secretKey: new Secret(secret) });
const identity = new Secret(await readFile(identityFile, 'utf8'));
const repository = await openRepository({ store, identity });
if (verb === 'write') {
  await using writer = repository.writer();
  const ref = await writer.writeStream(input(PIECE_BYTES));
  await writer.flush();
  await writeFile(refFile, JSON.stringify(ref));
} else if (verb === 'puts') {
  const limit = pLimit(PUTS_AT_ONCE);
  const puts: Promise<void>[] = [];
  for await (const bytes of input(OBJECT_BYTES, true)) {
    const name = `packs/${puts.length}`;
    puts.push(limit(() => store.put(name, bytes, { createOnly: true })));
    if (limit.pendingCount > 0) await puts[puts.length - PUTS_AT_ONCE];
  }
  await Promise.all(puts);
} else {
  const ref = JSON.parse(await readFile(refFile, 'utf8')) as StreamRef;
  for await (const _ of repository.read(ref));
}

/** A piece is gone when the next one is asked for, unless each has memory of its own. */
async function* input(pieceBytes: number, isOwn = false): AsyncIterable<Buffer> {
  let piece = Buffer.allocUnsafeSlow(pieceBytes);
  for (;;) {
    let bytes = 0;
    while (bytes < pieceBytes) {
      const { bytesRead } = await read(0, piece, bytes, pieceBytes - bytes, null);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    if (bytes === 0) return;
    yield piece.subarray(0, bytes);
    if (isOwn) piece = Buffer.allocUnsafeSlow(pieceBytes);
  }
}
