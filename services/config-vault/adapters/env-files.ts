import { open, stat } from 'node:fs/promises';
import { ENV_BYTES_MAX, readApplicationEnv } from '#libs/runtime/env-file.ts';
import { applyAttributes, readAttributes } from '#libs/trees/attributes.ts';
import type { EnvFiles } from '../ports.ts';

export const envFiles: EnvFiles = {
  find: (path) => readApplicationEnv(path).catch(() => undefined),
  require: readApplicationEnv,
  isTooLarge: async (path) => ((await stat(path).catch(() => undefined))?.size ?? 0) > ENV_BYTES_MAX,
  async replace(path, content) {
    const attributes = await readAttributes(path);
    await using handle = await open(path, 'r+');
    await handle.truncate(0);
    await handle.writeFile(content);
    await applyAttributes(path, attributes);
    await handle.sync();
  },
};
