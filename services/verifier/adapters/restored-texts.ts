import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RestoredTexts } from '../ports.ts';

/** Certificates, keys and env files are smaller; what is larger is none of them. */
const BYTES_MAX = 1024 * 1024;

/** Walks without following links. */
export const restoredTexts: RestoredTexts = {
  async *read(folder, signal) {
    signal.throwIfAborted();
    const found = await lstat(folder).catch(() => undefined);
    if (found?.isFile() === true && found.size <= BYTES_MAX)
      yield { path: folder, text: await readFile(folder, 'latin1') };
    if (found?.isDirectory() !== true) return;
    for (const name of (await readdir(folder)).toSorted())
      if (name !== '.holdfast') yield* restoredTexts.read(join(folder, name), signal);
  },
};
