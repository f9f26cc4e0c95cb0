import { readFile } from 'node:fs/promises';
import type { EnvFiles } from '../ports.ts';

export const envFiles: EnvFiles = {
  find: (path) => readFile(path).catch(() => undefined),
};
