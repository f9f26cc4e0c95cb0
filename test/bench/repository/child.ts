import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import type { StreamRef } from '#libs/repository/port.ts';
import { openStore } from '#libs/store/open-store.ts';

/**
 * child.ts write|read STORE IDENTITY-FILE REF-FILE: a stream from standard input into a repository, or out of it, read
 * and checked to its end. A process of its own, as the peers are.
 */
const PIECE_BYTES = 1024 * 1024;
const [verb, address = '', identityFile = '', refFile = ''] = process.argv.slice(2);
const { ACCESS: accessKey = '', SECRET: secret = '' } = process.env;
const store = openStore(address, accessKey === '' ? {} : { accessKey, secretKey: new Secret(secret) });
const identity = new Secret(await readFile(identityFile, 'utf8'));
const repository = await openRepository({ store, identity });
if (verb === 'write') {
  await using writer = repository.writer();
  const source = createReadStream('', { fd: 0, highWaterMark: PIECE_BYTES });
  const ref = await writer.writeStream(source);
  await writer.flush();
  await writeFile(refFile, JSON.stringify(ref));
} else {
  const ref = JSON.parse(await readFile(refFile, 'utf8')) as StreamRef;
  for await (const _ of repository.read(ref));
}
