import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { SEAL_OVERHEAD } from '#libs/repository/aead.ts';
import { free } from '#libs/kernel/free.ts';
import { chunkIdOf, openChunk, sealChunk, sha256Of } from '#libs/repository/chunk.ts';
import { CHUNK_BYTES_MAX, chunked, gearTable } from '#libs/repository/chunker.ts';
import { figure, type Case } from '../report.ts';

/**
 * Where the CPU of a write goes: its parts over the same stream, one after the other on one thread, by the functions that
 * the threads call. What a write takes beyond their sum is copying, the file system and the program itself.
 */
export async function benchParts(input: string): Promise<readonly Case[]> {
  const spent = new Map<string, number>();
  let at = process.cpuUsage();
  const spend = (part: string) => {
    const { user, system } = process.cpuUsage(at);
    spent.set(part, (spent.get(part) ?? 0) + (user + system) / 1000);
    at = process.cpuUsage();
  };
  const keys = { chunkId: randomBytes(32), chunkSeal: randomBytes(32) };
  const room = Buffer.allocUnsafeSlow(CHUNK_BYTES_MAX + SEAL_OVERHEAD);
  const whole = createHash('sha256');
  const packs = createHash('sha256');
  const stream = createReadStream(input, { highWaterMark: 1024 * 1024 });
  for await (const { bytes } of chunked(stream, gearTable(randomBytes(32)))) {
    spend('reading and cutting');
    whole.update(bytes);
    spend('the digest of the stream');
    const id = chunkIdOf(keys.chunkId, sha256Of(bytes));
    spend('the names of chunks');
    const sealed = sealChunk(keys.chunkSeal, id, bytes, room);
    spend('compressing and sealing');
    const plain = openChunk(keys, sealed.head, room.subarray(0, sealed.bytes));
    if (plain === undefined) throw new Error(`chunk ${id} does not open`);
    free(plain);
    spend('opening and hashing again');
    packs.update(room.subarray(0, sealed.bytes));
    spend('the names of packs');
  }
  return [...spent].map(([part, ms]) => figure(`write, CPU of ${part}`, ms, 'ms'));
}
