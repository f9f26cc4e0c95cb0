import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { SEAL_OVERHEAD } from './aead.ts';
import type { ChunkHead } from './chunk.ts';
import type { Answer, Job } from './chunk-worker.ts';
import { CHUNK_BYTES_MAX } from './chunker.ts';
import type { SealingKeys } from './keys.ts';
import { Slots } from '#libs/kernel/slots.ts';

/** The worker's program, where no file lies beside this one; put in by the bundler. */
declare const HOLDFAST_CHUNK_WORKER: string | undefined;

/** As many as processors: one more would only take turns. */
const THREADS = availableParallelism();
/** While a thread works on one the next are filled, and the last wait for their turn in the pack. */
const ROOMS = 4 * THREADS;
const ROOM_BYTES = CHUNK_BYTES_MAX + SEAL_OVERHEAD;
/** Of a thread, which holds nothing but its program: without a limit it gathers as much again before it clears away. */
const HEAP_MIB = 24;
/** After this, threads that nobody needs give their memory back. */
const IDLE_MS = 10_000;

interface Thread {
  readonly worker: Worker;
  readonly waiting: PromiseWithResolvers<Answer>[];
}

/** A chunk in shared memory, until it is disposed: whoever waits for a room gets it then. */
export interface HeldChunk extends Disposable {
  /** SHA-256 of the plain bytes, and the keyed id. */
  name(keys: { readonly chunkId: Uint8Array }): Promise<{ readonly digest: Uint8Array; readonly id: string }>;
  /** In place of the plain bytes; opened and hashed again before it is handed out. Throws CHUNK_UNSOUND. */
  seal(sealing: SealingKeys, id: string): Promise<{ readonly head: ChunkHead; readonly sealed: Buffer }>;
  /** Plain bytes of the caller's own; undefined when anything does not fit. */
  open(sealing: SealingKeys, head: ChunkHead): Promise<Buffer | undefined>;
}

/**
 * Threads that name, seal and open chunks, for all repositories of this process. All the memory it takes are its rooms:
 * who finds none free waits for one.
 */
class ChunkPool {
  readonly #slots = new Slots(ROOMS);
  #rooms: Buffer[] = [];
  #threads: Thread[] = [];
  #held = 0;
  #idle: NodeJS.Timeout | undefined;

  /** Copies the bytes: they may be used again when it returns. */
  async hold(chunk: Uint8Array): Promise<HeldChunk> {
    const bytes = chunk.length;
    if (bytes > ROOM_BYTES)
      throw new HoldfastError('INTERNAL', { reason: 'no chunk has so many bytes', bytes });
    await this.#slots.take();
    clearTimeout(this.#idle);
    this.#held += 1;
    const room = this.#rooms.pop() ?? Buffer.from(new SharedArrayBuffer(ROOM_BYTES));
    Buffer.from(chunk.buffer, chunk.byteOffset, bytes).copy(room);
    return {
      name: async ({ chunkId }) => {
        const answer = await this.#ask({ kind: 'name', room, bytes, chunkId });
        return answer as Answer & { kind: 'named' };
      },
      seal: async ({ chunkId, chunkSeal }, id) => {
        const answer = await this.#ask({ kind: 'seal', room, bytes, id, chunkId, chunkSeal });
        if (answer.kind !== 'sealed') throw new HoldfastError('CHUNK_UNSOUND', { chunk: id.slice(0, 16) });
        return { head: answer.head, sealed: room.subarray(0, answer.bytes) };
      },
      open: async ({ chunkId, chunkSeal }, head) => {
        const answer = await this.#ask({ kind: 'open', room, bytes, head, chunkId, chunkSeal });
        return answer.kind === 'opened' ? Buffer.from(room.subarray(0, answer.bytes)) : undefined;
      },
      [Symbol.dispose]: () => this.#giveBack(room),
    };
  }

  #giveBack(room: Buffer): void {
    this.#rooms.push(room);
    this.#held -= 1;
    if (this.#held === 0) this.#idle = setTimeout(() => this.#rest(), IDLE_MS).unref();
    this.#slots.give();
  }

  #rest(): void {
    for (const { worker } of this.#threads) void worker.terminate();
    this.#threads = [];
    this.#rooms = [];
  }

  async #ask(job: Job): Promise<Answer> {
    const thread = this.#pick();
    const answer = Promise.withResolvers<Answer>();
    // Only work keeps the process alive.
    if (thread.waiting.push(answer) === 1) thread.worker.ref();
    thread.worker.postMessage(job);
    return await answer.promise;
  }

  /** The one with the least to do; a new one when all have something and there may be more. */
  #pick(): Thread {
    const [least] = this.#threads.toSorted((a, b) => a.waiting.length - b.waiting.length);
    if (least !== undefined && (least.waiting.length === 0 || this.#threads.length >= THREADS)) return least;
    const worker = startWorker();
    const thread: Thread = { worker, waiting: [] };
    this.#threads.push(thread);
    worker.on('message', (answer: Answer) => {
      thread.waiting.shift()?.resolve(answer);
      if (thread.waiting.length === 0) worker.unref();
    });
    worker.on('error', (cause) => this.#bury(thread, cause));
    return thread;
  }

  #bury(thread: Thread, cause: unknown): void {
    this.#threads = this.#threads.filter((other) => other !== thread);
    const error = new HoldfastError('INTERNAL', { reason: 'a thread of the chunk pool ended' }, { cause });
    for (const { reject } of thread.waiting.splice(0)) reject(error);
  }
}

function startWorker(): Worker {
  const options = {
    resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: HEAP_MIB },
    // What the process is told to load beside its program is not for these.
    execArgv: [],
    env: {},
  };
  return typeof HOLDFAST_CHUNK_WORKER === 'undefined'
    ? new Worker(new URL('chunk-worker.ts', import.meta.url), options)
    : new Worker(HOLDFAST_CHUNK_WORKER, { ...options, eval: true });
}

export const chunkPool = new ChunkPool();
