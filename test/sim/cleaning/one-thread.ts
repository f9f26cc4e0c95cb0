import crypto from 'node:crypto';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';
import type { Random } from '../world/random.ts';

let random: Random | undefined;

/** Nonces, and with them names of packs, are of this source from now on. */
export function drawBytesFrom(source: Random): void {
  random = source;
}

/**
 * Before the product is loaded: what its threads do is done in this one, and bytes at random are drawn by the seed, so
 * that a seed plays the same course again.
 */
export function replaceThreads(): void {
  const { randomBytes } = crypto;
  Object.assign(threads, { Worker: InlineThread });
  Object.assign(crypto, {
    randomBytes: (size: number) =>
      random === undefined ? randomBytes(size) : Buffer.from(Array.from({ length: size }, drawByte)),
  });
  syncBuiltinESMExports();
}

const drawByte = (): number => random?.int(256) ?? 0;

class InlineThread extends EventEmitter {
  postMessage(job: never): void {
    import('#libs/repository/chunk-worker.ts').then(
      ({ answerTo }) => this.emit('message', answerTo(job)),
      (error: unknown) => this.emit('error', error),
    );
  }

  ref = (): this => this;
  unref = (): this => this;
  terminate = async (): Promise<number> => 0;
}
