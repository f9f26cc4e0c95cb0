import { parentPort } from 'node:worker_threads';
import { free } from '#libs/kernel/free.ts';
import { chunkIdOf, openChunk, sealChunk, sha256Of, type ChunkHead } from './chunk.ts';

/** Work on one place of the pool: `room` is shared memory, so no byte of a chunk travels. */
export type Job = {
  readonly room: Uint8Array;
  /** From its beginning. */
  readonly bytes: number;
  readonly chunkId: Uint8Array;
} & (
  | { readonly kind: 'name' }
  | { readonly kind: 'seal'; readonly chunkSeal: Uint8Array; readonly id: string }
  | { readonly kind: 'open'; readonly chunkSeal: Uint8Array; readonly head: ChunkHead }
);

export type Answer =
  | { readonly kind: 'named'; readonly digest: Uint8Array; readonly id: string }
  /** Now in the room. */
  | { readonly kind: 'sealed'; readonly head: ChunkHead; readonly bytes: number }
  | { readonly kind: 'opened'; readonly bytes: number }
  | { readonly kind: 'unfit' };

parentPort?.on('message', (job: Job) => parentPort?.postMessage(answerTo(job)));

export function answerTo(job: Job): Answer {
  const bytes = Buffer.from(job.room.buffer, job.room.byteOffset, job.bytes);
  if (job.kind === 'name') {
    const digest = sha256Of(bytes);
    return { kind: 'named', digest, id: chunkIdOf(job.chunkId, digest) };
  }
  if (job.kind === 'open') {
    const plain = openChunk(job, job.head, bytes);
    if (plain === undefined) return { kind: 'unfit' };
    plain.copy(job.room);
    free(plain);
    return { kind: 'opened', bytes: job.head.rawBytes };
  }
  const sealed = sealChunk(job.chunkSeal, job.id, bytes, job.room);
  // Opened and hashed again before it leaves: bad memory is found here, and not in the year of the restore.
  const plain = openChunk(job, sealed.head, job.room.subarray(0, sealed.bytes));
  if (plain === undefined) return { kind: 'unfit' };
  free(plain);
  return { kind: 'sealed', ...sealed };
}
