import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const NAMES = ['enclose.py', 'django_checks.py'] as const;

/** Put in by the bundler, because no file lies beside the one-file program; not there in a checkout. */
declare const HOLDFAST_SANDBOX_SCRIPTS: Readonly<Record<string, string>> | undefined;

/** What runs inside the enclosure, written where it can be read there. */
export async function placeScripts(folder: string): Promise<void> {
  for (const name of NAMES) {
    const text =
      typeof HOLDFAST_SANDBOX_SCRIPTS === 'undefined'
        ? await readFile(new URL(`sandbox/${name}`, import.meta.url), 'utf8')
        : HOLDFAST_SANDBOX_SCRIPTS[name]!;
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
}
