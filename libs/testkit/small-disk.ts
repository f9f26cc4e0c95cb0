import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Takes all space there is but `spareBytes`. */
  fill(spareBytes?: number): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
}

/** `exec`: the file system lives as long as its keeper, and the keeper as long as we hold its input open. */
const KEEPER = 'mount -t tmpfs -o "size=$1" none "$0" && echo mounted && exec cat';

/**
 * A file system of a few bytes, in a mount namespace of its own: seen through its keeper's root, by anybody who may make
 * user namespaces, and gone with the keeper however the test ends.
 */
export async function openSmallDisk(bytes: number): Promise<SmallDisk> {
  const mount = await mkdtemp(join(tmpdir(), 'holdfast-small-disk-'));
  const keeper = spawn('unshare', ['-rm', 'sh', '-c', KEEPER, mount, String(bytes)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(keeper, 'exit');
  const said = await Promise.race([once(keeper.stdout, 'data'), ended]);
  if (String(said[0]) !== 'mounted\n')
    throw new Error(`no mount namespace to be had: unshare ended with ${said[0]}`);
  // A test that fails on its way to disposal still ends, and its keeper with it.
  keeper.unref();
  (keeper.stdin as Socket).unref();
  (keeper.stdout as Socket).unref();
  const folder = join('/proc', String(keeper.pid), 'root', mount);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    async fill(spareBytes = 0) {
      await using file = await open(ballast, 'w');
      const block = Buffer.alloc(4096);
      for (let full = false; !full;) {
        full = await file.write(block).then(
          () => false,
          () => true,
        );
      }
      await file.truncate(Math.max(0, (await file.stat()).size - spareBytes));
    },
    free: () => rm(ballast, { force: true }),
    [Symbol.asyncDispose]: async () => {
      keeper.ref();
      keeper.stdin.end();
      await ended;
      await rm(mount, { recursive: true, force: true });
    },
  };
}
