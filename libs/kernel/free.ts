/** Small buffers lie side by side in Node's pool, which is a little larger than it says. */
const POOL_BYTES = Buffer.poolSize + 4096;

/** Gives large memory back at once: where much of it comes and goes, that is faster than garbage is collected. */
export function free({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > POOL_BYTES) buffer.transfer(0);
}
