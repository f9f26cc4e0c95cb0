import { chown, mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { PostgresServer } from '#deploy/local/postgres-server.ts';
import { chooseServerUser } from '#deploy/local/unprivileged-user.ts';
import { placeOf, type Spent } from './measure.ts';
import { startServer } from './server.ts';

export interface WholeServer {
  readonly version: string;
  readonly backup: Spent;
  readonly restore: Spent;
}

/**
 * The whole server with its files, as pgBackRest copies it: a full backup, and its restore into an empty folder, both
 * without the replay of WAL that a start needs. The server is started again with an archive, and stopped. Undefined where
 * the program is not found.
 */
export async function playPgBackRest(
  dataFolder: string,
  folder: string,
  onNote: (note: string) => void,
): Promise<WholeServer | undefined> {
  const version = await execa('pgbackrest', ['version'], { reject: false });
  if (version.failed) return undefined;
  const account = await chooseServerUser();
  const own = join(folder, 'pgbackrest');
  for (const path of [own, join(own, 'restored')]) {
    await mkdir(path, { mode: 0o700 });
    if (account !== undefined) await chown(path, account.uid, account.gid);
  }
  const config = join(folder, 'pgbackrest.conf');
  // It reads what is archived while it backs up, so the command must be there before the server is.
  const base = ['pgbackrest', `--config=${config}`, '--stanza=bench'];
  await using server = await startServer(dataFolder, onNote, {
    archive_mode: 'on',
    archive_command: [...base, 'archive-push', '%p'].join(' '),
  });
  await writeFile(config, configOf(server, own));
  const place = placeOf(server, folder);
  const asServer =
    account === undefined
      ? []
      : ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  const words = (...command: string[]) => [...asServer, ...base, ...command];
  const [file = '', ...rest] = words('stanza-create');
  await execa(file, rest);
  const backup = await place.measure(words('backup', '--type=full'));
  const restore = await place.measure(words('restore', `--pg1-path=${join(own, 'restored')}`));
  onNote(`pgBackRest: backup ${backup.wallMs} ms, restore ${restore.wallMs} ms`);
  return { version: version.stdout, backup, restore };
}

function configOf({ dataFolder, port, socketFolder, user }: PostgresServer, own: string): string {
  return [
    '[global]',
    `repo1-path=${join(own, 'repository')}`,
    `lock-path=${join(own, 'lock')}`,
    `log-path=${join(own, 'log')}`,
    `process-max=${availableParallelism()}`,
    'compress-type=zst',
    'compress-level=1',
    'start-fast=y',
    'log-level-console=warn',
    'log-level-file=off',
    'repo1-retention-full=1',
    '[bench]',
    `pg1-path=${dataFolder}`,
    `pg1-port=${port}`,
    `pg1-socket-path=${socketFolder}`,
    `pg1-user=${user}`,
    '',
  ].join('\n');
}
