import { readFile } from 'node:fs/promises';
import { replaceContent } from '#libs/trees/rewrite.ts';
import type { EnvFiles } from '../ports.ts';

export const envFiles: EnvFiles = {
  find: (path) => readFile(path).catch(() => undefined),
  require: (path) => readFile(path),
  replace: replaceContent,
};
