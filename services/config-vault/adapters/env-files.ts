import { stat } from 'node:fs/promises';
import { ENV_BYTES_MAX, readApplicationEnv } from '#libs/runtime/env-file.ts';
import { replaceContent } from '#libs/trees/rewrite.ts';
import type { EnvFiles } from '../ports.ts';

export const envFiles: EnvFiles = {
  find: (path) => readApplicationEnv(path).catch(() => undefined),
  require: readApplicationEnv,
  isTooLarge: async (path) => ((await stat(path).catch(() => undefined))?.size ?? 0) > ENV_BYTES_MAX,
  replace: replaceContent,
};
