import { glob, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { execa } from 'execa';
import { createRepository } from '#libs/repository/open.ts';
import { openStore } from '#libs/store/open-store.ts';
import { bundle } from '#services/operator/cli/bundle.ts';

export interface Contender {
  readonly name: 'holdfast' | 'restic' | 'borg';
  /** The word that makes it tell its own. */
  readonly version: string;
  /** Makes an empty repository below the folder, with a cache of its own. */
  readonly prepare: (folder: string) => Promise<void>;
  readonly write: (folder: string) => readonly string[];
  readonly read: (folder: string) => readonly string[];
  readonly environment: (folder: string) => Record<string, string>;
}

/** As the services run: one file, and their memory settings. */
export const CHILD = join(tmpdir(), `holdfast-bench-child-${process.pid}.mjs`);
export const bundleChild = () => bundle(CHILD, join(import.meta.dirname, 'child.ts'));
export const OURS = { MALLOC_ARENA_MAX: '2' };
export const PROGRAM = [process.execPath, '--max-semi-space-size=4'];

export function childWords(
  verb: 'write' | 'read' | 'puts',
  store: string,
  folder: string,
): readonly string[] {
  return [...PROGRAM, CHILD, verb, store, join(folder, 'identity'), join(folder, 'ref.json')];
}

const onDisk = (verb: 'write' | 'read') => (folder: string) =>
  childWords(verb, `disk:${join(folder, 'store')}`, folder);

export const holdfast: Contender = {
  name: 'holdfast',
  version: '--version',
  async prepare(folder) {
    const { identity } = await createRepository({ store: openStore(`disk:${join(folder, 'store')}`) });
    await writeFile(join(folder, 'identity'), identity.reveal());
  },
  write: onDisk('write'),
  read: onDisk('read'),
  environment: () => OURS,
};

const restic: Contender = {
  name: 'restic',
  version: 'version',
  prepare: (folder) => run(restic, folder, ['restic', '-r', join(folder, 'store'), 'init']),
  write: (folder) => ['restic', '-r', join(folder, 'store'), '--quiet', 'backup', '--stdin'],
  read: (folder) => ['restic', '-r', join(folder, 'store'), '--quiet', 'dump', 'latest', 'stdin'],
  environment: (folder) => ({ RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: join(folder, 'cache') }),
};

const borg: Contender = {
  name: 'borg',
  version: '--version',
  prepare: (folder) => run(borg, folder, ['borg', 'init', '--encryption', 'repokey', join(folder, 'store')]),
  // The level that the others use.
  write: (folder) => ['borg', 'create', '--compression', 'zstd,1', `${join(folder, 'store')}::stream`, '-'],
  read: (folder) => ['borg', 'extract', '--stdout', `${join(folder, 'store')}::stream`],
  environment: (folder) => ({ BORG_PASSPHRASE: 'bench', BORG_BASE_DIR: join(folder, 'cache') }),
};

async function run(contender: Contender, folder: string, [file = '', ...words]: string[]): Promise<void> {
  await execa(file, words, { env: contender.environment(folder) });
}

/** Those of this machine. */
export async function peers(): Promise<readonly Contender[]> {
  const found = [];
  for (const peer of [restic, borg]) {
    const { failed } = await execa(peer.name, [peer.version], { reject: false });
    if (!failed) found.push(peer);
  }
  return found;
}

export async function storedBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const path of glob('**', { cwd: join(folder, 'store') })) {
    const found = await stat(join(folder, 'store', path));
    if (found.isFile()) bytes += found.size;
  }
  return bytes;
}
