import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chown, lstat, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { OWN_FOLDER } from '#libs/contracts/stage.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import { isPrivileged, keepingTime } from './attributes.ts';
import { codeOf, isGone, isThere, type Disk } from './disk.ts';
import { mountsFrom } from './mounts.ts';
import type { PlaceFacts, PlaceNeed, ProbeAnswer } from './port.ts';
import { removeIfEmpty, removeTree } from './remove-tree.ts';

/** A file takes whole blocks, its folder entry a bit more. */
const BYTES_PER_ENTRY = 4096;
/** Inodes and bytes of Holdfast's own that staging makes. */
const SPARE_ENTRIES = 16;

/** What a restore to these places would meet, every problem at once. */
export async function probePlaces(needs: readonly PlaceNeed[], disk: Disk): Promise<ProbeAnswer> {
  const probed = await Promise.all(needs.map((need) => probePlace(need, disk)));
  return {
    problems: [...probed.flatMap(({ problems }) => problems), ...(await spaceProblems(needs, probed, disk))],
    facts: probed.map(({ facts }) => facts),
  };
}

interface Probed {
  readonly problems: readonly Problem[];
  readonly facts: PlaceFacts;
  /** Deepest folder of the path that is there already. */
  readonly ground: string;
}

async function probePlace(need: PlaceNeed, disk: Disk): Promise<Probed> {
  const holder = need.single ? dirname(need.path) : need.path;
  const ground = await groundOf(holder);
  const held = ground === holder;
  const exists = held && (!need.single || (await isThere(need.path)));
  const problems = held ? await shapeProblems(need) : [];
  if (problems.length === 0) problems.push(...(await tryOut(need, ground, held)));
  const { bytes: freeBytes } = await disk.space(ground);
  const { name, path } = need;
  const works = problems.length === 0;
  const facts = { name, path, exists, writable: works, renames: works, owners: isPrivileged(), freeBytes };
  return { problems, facts, ground };
}

/** A link or a file where a folder is wanted, and mounts that a rename cannot move or cross. */
async function shapeProblems(need: PlaceNeed): Promise<Problem[]> {
  const { name, path, single } = need;
  const own = join(single ? dirname(path) : path, OWN_FOLDER);
  const staging = await lstat(own).catch(() => undefined);
  if (staging?.isDirectory() === false || (staging !== undefined && (await mountsFrom(own)).includes(own)))
    return [
      problem(
        'NOT_WRITABLE',
        name,
        `${own} is not of the file system of ${dirname(own)}: nothing staged there can be renamed into it`,
        `unmount or remove ${own}`,
      ),
    ];
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return [];
  if (found.isSymbolicLink() || (single ? found.isDirectory() : !found.isDirectory()))
    return [problem('NOT_WRITABLE', name, `${path} is no plain ${single ? 'file' : 'folder'}`)];
  const mounts = await mountsFrom(path);
  if (single) return mounts.length === 0 ? [] : await inPlaceProblems(need, found.uid);
  return mounts
    .filter((point) => point !== path)
    .map((point) =>
      problem(
        'NOT_WRITABLE',
        name,
        `${point} is a mount of its own and cannot be switched`,
        'declare it as a root of its own, and exclude it here',
      ),
    );
}

/** A mounted file is written where it is: what that takes is its own, not its folder's. */
async function inPlaceProblems({ name, path }: PlaceNeed, owner: number): Promise<Problem[]> {
  const refused = await access(path, constants.R_OK | constants.W_OK).then(() => undefined, codeOf);
  const user = process.geteuid?.() ?? 0;
  if (refused === undefined && (isPrivileged() || owner === user)) return [];
  return [
    problem(
      'NOT_WRITABLE',
      name,
      `${path} is a mount of its own, and user ${user} cannot write it and set its mode (${refused ?? `user ${owner} owns it`})`,
      `mount it writable and owned by user ${user}`,
    ),
  ];
}

/** Does once what the switch will do, in Holdfast's own folder. */
async function tryOut(need: PlaceNeed, ground: string, exists: boolean): Promise<Problem[]> {
  try {
    await access(ground, constants.R_OK | constants.W_OK | constants.X_OK);
    if (exists) await keepingTime(ground, () => tryRename(join(ground, OWN_FOLDER)));
    return [];
  } catch (error) {
    const failure = error instanceof OwnerRefused ? error : codeOf(error) || String(error);
    return [notWritable(need, ground, failure)];
  }
}

/** The system says no to a privileged process: a namespace that knows one user, or a server that trusts none. */
class OwnerRefused extends Error {}

async function tryRename(own: string): Promise<void> {
  const probe = join(own, `probe-${randomUUID()}`);
  try {
    await mkdir(join(probe, 'a'), { recursive: true, mode: 0o700 });
    await writeFile(join(probe, 'a', 'file'), '');
    await rename(join(probe, 'a'), join(probe, 'b'));
    await rename(join(probe, 'b', 'file'), join(probe, 'file'));
    if (isPrivileged())
      await chown(join(probe, 'file'), 1, 1).catch((cause: unknown) => {
        throw new OwnerRefused(codeOf(cause), { cause });
      });
  } finally {
    await removeTree(probe);
    await removeIfEmpty(own);
  }
}

/** Places of one file system share its space; old and new state are there at once. */
async function spaceProblems(
  needs: readonly PlaceNeed[],
  probed: readonly Probed[],
  disk: Disk,
): Promise<Problem[]> {
  const devices = new Map<number, { ground: string; names: string[]; bytes: number; entries: number }>();
  for (const [index, { ground }] of probed.entries()) {
    const { dev } = await stat(ground);
    const sum = devices.get(dev) ?? { ground, names: [], bytes: 0, entries: SPARE_ENTRIES };
    const need = needs[index]!;
    sum.names.push(need.name);
    sum.bytes += need.bytes + need.entries * BYTES_PER_ENTRY;
    sum.entries += need.entries;
    devices.set(dev, sum);
  }
  const problems: Problem[] = [];
  for (const { ground, names, bytes, entries } of devices.values()) {
    const free = await disk.space(ground);
    const subject = names.join(', ');
    if (free.bytes < bytes)
      problems.push(
        problem('SPACE_MISSING', subject, `${ground} has ${free.bytes} bytes free, ${bytes} are needed`),
      );
    if (free.inodes < entries)
      problems.push(
        problem('SPACE_MISSING', subject, `${ground} has ${free.inodes} inodes free, ${entries} are needed`),
      );
  }
  return problems;
}

async function groundOf(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      await stat(at);
      return at;
    } catch (error) {
      if (!isGone(error) || at === '/') throw error;
    }
  }
}

function notWritable({ name }: PlaceNeed, ground: string, failure: OwnerRefused | string): Problem {
  if (failure instanceof OwnerRefused)
    return problem(
      'NOT_WRITABLE',
      name,
      `owner and group cannot be given back in ${ground} (${failure.message})`,
      'run the worker with CAP_CHOWN and every user mapped, on a file system that lets it (NFS: no_root_squash), or not as root',
    );
  if (failure === 'EROFS')
    return problem('NOT_WRITABLE', name, `${ground} is mounted read-only`, `mount -o remount,rw ${ground}`);
  const user = process.getuid?.() ?? 0;
  return problem(
    'NOT_WRITABLE',
    name,
    `user ${user} cannot write and rename in ${ground} (${failure})`,
    `give user ${user} read, write and search access to ${ground}`,
  );
}
