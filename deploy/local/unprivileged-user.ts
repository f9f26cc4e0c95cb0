import { HoldfastError } from '#libs/kernel/errors.ts';
import { existsSync } from 'node:fs';
import { cp, chmod, chown, lstat, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { sha256 } from '#libs/kernel/ids.ts';
import { execa } from 'execa';

/** PostgreSQL refuses to run as root: undefined where we are an ordinary user already. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

const NAMES = ['postgres', 'nobody'];

/** The user that servers run as: undefined means our own. Throws NOT_WRITABLE when root may not become another one. */
export async function chooseServerUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await Promise.all(NAMES.map((name) => findUser(name)));
  const candidates = [...known.filter((user) => user !== undefined), { uid: 65534, gid: 65534 }];
  for (const user of candidates) {
    const probe = await execa('true', [], { ...user, cwd: '/', reject: false });
    if (!probe.failed) return user;
  }
  const remedy = 'run the command as an ordinary user';
  throw new HoldfastError('NOT_WRITABLE', { subject: 'user to run PostgreSQL as', tried: NAMES, remedy });
}

/** Whether that user can read (or write) the place, every folder on the way included. */
export async function canReach(
  user: User | undefined,
  path: string,
  access: 'read' | 'write' = 'read',
): Promise<boolean> {
  const probe = await execa('test', [access === 'read' ? '-r' : '-w', path], {
    ...user,
    cwd: '/',
    reject: false,
  });
  return !probe.failed;
}

/** A folder of the server's user, closed to others. */
export async function makeUserFolder(folder: string, user: User | undefined): Promise<void> {
  // Folders on the way keep the usual mode: the server's user must pass them.
  await mkdir(dirname(folder), { recursive: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (user === undefined) return;
  await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
}

/** As `makeUserFolder`, in a shared folder: one that somebody else made there is refused. */
export async function makeSharedTempFolder(folder: string, user: User | undefined): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  const owners = [process.getuid?.(), user?.uid];
  if (found !== undefined && (!found.isDirectory() || !owners.includes(found.uid))) {
    throw new HoldfastError('NOT_WRITABLE', { folder, remedy: `remove it: rm -r ${folder}` });
  }
  await makeUserFolder(folder, user);
}

/**
 * The programs' folder as that user can reach it: itself, or a copy of the whole installation below the system's
 * temp folder when it lies in somebody's home (the cache of root). Idempotent; the copy is kept.
 */
export async function reachableInstallation(bin: string, user: User | undefined): Promise<string> {
  if (await canReach(user, join(bin, 'postgres'))) return bin;
  const origin = dirname(bin);
  const copy = join(tmpdir(), `holdfast-pg-${sha256(origin).slice(0, 12)}`);
  const parent = basename(dirname(origin));
  const target = join(copy, parent, basename(origin), basename(bin));
  if (await isOurs(copy)) return target;
  const staging = await mkdtemp(`${copy}-`);
  await cp(origin, join(staging, parent, basename(origin)), { recursive: true, verbatimSymlinks: true });
  // A wheel keeps shared libraries beside its package, and programs find them by relative path.
  const libraries = `${dirname(origin)}.libs`;
  if (existsSync(libraries))
    await cp(libraries, join(staging, basename(libraries)), { recursive: true, verbatimSymlinks: true });
  await chmod(staging, 0o755);
  // Somebody else may have finished first; a folder that is not ours is never used.
  await rename(staging, copy).catch(() => rm(staging, { recursive: true }));
  if (!(await isOurs(copy)))
    throw new HoldfastError('NOT_WRITABLE', { folder: copy, remedy: `remove it: rm -r ${copy}` });
  return target;
}

async function isOurs(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined);
  return (
    found?.isDirectory() === true && found.uid === process.getuid?.() && (await readdir(folder)).length > 0
  );
}

async function findUser(name: string): Promise<User | undefined> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map((flag) => execa('id', [flag, name], { reject: false })),
  );
  if (uid === undefined || gid === undefined || uid.failed || gid.failed) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}
