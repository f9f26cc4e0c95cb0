import { glob, open } from 'node:fs/promises';
import { join } from 'node:path';

/** Of the rows of a `pg_dump -Fd -Z1`, as text: bytes packed by gzip -1 for each byte before. */
export async function gzipRatio(dump: string): Promise<number> {
  let packed = 0;
  let plain = 0;
  for await (const name of glob('*.dat.gz', { cwd: dump })) {
    await using file = await open(join(dump, name));
    const { size } = await file.stat();
    // RFC 1952: the last four bytes of a member are the length of what it holds, below 4 GiB.
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, size - 4);
    packed += size;
    plain += buffer.readUInt32LE(0);
  }
  return Math.round((packed / plain) * 1000) / 1000;
}
