import { open, readFile } from 'node:fs/promises';
import { applyAttributes, readAttributes } from '#libs/trees/attributes.ts';
import type { EnvFiles } from '../ports.ts';

export const envFiles: EnvFiles = {
  find: (path) => readFile(path).catch(() => undefined),
  require: (path) => readFile(path),
  async replace(path, content) {
    const attributes = await readAttributes(path);
    await using handle = await open(path, 'r+');
    await handle.truncate(0);
    await handle.writeFile(content);
    await applyAttributes(path, attributes);
    await handle.sync();
  },
};
