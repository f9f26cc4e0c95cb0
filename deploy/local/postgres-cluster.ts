import { sha256 } from '#libs/kernel/ids.ts';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';
import { canReach, makeSharedTempFolder, makeUserFolder, type User } from './unprivileged-user.ts';

/** One cluster: its programs, the system user that runs it, its data and its superuser. */
export interface Place {
  readonly bin: string;
  readonly account: User | undefined;
  readonly dataFolder: string;
  readonly user: string;
}

/** A socket's path may have 107 bytes, and a user's own temp folder can be long. */
export function shortTempFolder(): string {
  return tmpdir().length <= 60 ? tmpdir() : '/tmp';
}

/** The data folder as the server's user can write it: as wished, or below the system's temp folder, and said. */
export async function placeData(
  wanted: string,
  account: User | undefined,
  onNote?: (note: string) => void,
): Promise<string> {
  const existed = existsSync(wanted);
  await makeUserFolder(wanted, account);
  if (await canReach(account, wanted, 'write')) return wanted;
  if (!existed) await rm(wanted, { recursive: true });
  // Named by the wish, so that the next start finds the same cluster.
  const instead = join(tmpdir(), `holdfast-pgdata-${sha256(wanted).slice(0, 12)}`);
  await makeSharedTempFolder(instead, account);
  onNote?.(`the user that runs PostgreSQL cannot reach ${wanted}: the cluster lies in ${instead}`);
  return instead;
}

/** Makes the cluster unless there is one; gives the superuser's password, which is kept inside it. */
export async function prepareCluster(
  { bin, account, dataFolder, user }: Place,
  runFolder: string,
): Promise<string> {
  const kept = join(dataFolder, 'holdfast-superuser');
  if (existsSync(join(dataFolder, 'PG_VERSION'))) return await readFile(kept, 'utf8').catch(() => '');
  const password = randomBytes(16).toString('hex');
  const passwordFile = join(runFolder, 'password');
  await writeUserFile(passwordFile, password, account);
  const auth = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`];
  const shape = ['-k', '-E', 'UTF8', '--locale=C.UTF-8', '-U', user, '-D', dataFolder];
  await runProgram(join(bin, 'initdb'), [...auth, ...shape], {
    ...account,
    cwd: '/',
    env: serverEnvironment(),
    extendEnv: false,
  });
  await rm(passwordFile);
  await writeUserFile(kept, password, account);
  return password;
}

async function writeUserFile(path: string, text: string, account: User | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

/** Nothing of the caller's locale, PG* variables or secrets reaches the server. */
export function serverEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}
