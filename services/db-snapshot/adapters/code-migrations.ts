// As a whole: an older Node is to be told which one is needed, not to stumble over a name it lacks.
import fs from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Spec } from '#libs/contracts/spec.ts';
import type { CodeMigrations } from '../domain/migrations.ts';

/** Apps of a project lie in its folder or in one below; deeper there are documents, and many. */
const PLACES = ['*/migrations/[0-9]*.py', '*/*/migrations/[0-9]*.py'];

/** As files, for the application may not start before it is restored. Empty where this service does not see the code. */
export async function readCodeMigrations({ application }: Spec): Promise<CodeMigrations> {
  const found = new Map<string, string[]>();
  if (application === undefined) return found;
  for await (const file of fs.glob(PLACES, { cwd: application.root })) {
    const app = basename(dirname(dirname(file)));
    found.set(app, [...(found.get(app) ?? []), basename(file, '.py')]);
  }
  return found;
}
