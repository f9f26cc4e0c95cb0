import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PARTS } from '../pivot/system.ts';
import { journalPrefix } from './ledger.ts';
import type { Theatre } from './theatre.ts';

/** Where runs write what counts; packs and indexes are named by their content and change nothing. */
const PREFIXES = ['deployments/', 'backups/', 'verdicts/', 'open/'];

/** Everything that a run may change, by name, with what tells a changed one from the same. */
export async function pictureOf(
  { stack: { store }, system }: Pick<Theatre, 'stack' | 'system'>,
  runId: string,
): Promise<ReadonlyMap<string, string>> {
  const picture = new Map<string, string>();
  for (const prefix of [...PREFIXES, journalPrefix(runId)])
    for await (const { name } of store.list(prefix))
      // A claim says that somebody began, and may be on its way when its author is stopped: it allows nothing by itself.
      if (!/^runs\/[^/]+\/claims\//.test(name)) picture.set(`object ${name}`, digest(await store.get(name)));
  for (const name of await system.databases()) picture.set(`database ${name}`, '');
  const seen = await system.look();
  for (const part of PARTS) picture.set(`live ${part}`, seen[part]);
  for (const name of await readdir(system.app, { recursive: true })) {
    const path = join(system.app, name);
    const found = await lstat(path);
    const bytes = found.isFile() ? digest(await readFile(path)) : '';
    picture.set(`file ${name}`, `${found.mode.toString(8)} ${bytes}`);
  }
  return picture;
}

export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name));
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
