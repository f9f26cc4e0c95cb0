import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chown, lstat, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { OWN_FOLDER } from '#libs/contracts/stage.ts';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import { isPrivileged, keepingTime } from './attributes.ts';
import { codeOf, isGone, isThere, type Disk } from './disk.ts';
import { fullPath, showPath } from './paths.ts';
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
  const problems = await shapeProblems(need, held);
  const failure = problems.length > 0 ? undefined : await tryOut(ground, held);
  if (failure !== undefined) problems.push(notWritable(need, ground, failure));
  const { bytes: freeBytes } = await disk.space(ground);
  const { name, path } = need;
  const works = problems.length === 0;
  const facts = { name, path, exists, writable: works, renames: works, owners: isPrivileged(), freeBytes };
  return { problems, facts, ground };
}

/** A link or a file where a folder is wanted, and mounts below the root that a rename cannot move. */
async function shapeProblems(need: PlaceNeed, exists: boolean): Promise<Problem[]> {
  if (!exists) return [];
  const found = await lstat(need.path).catch(() => undefined);
  if (found === undefined) return [];
  if (found.isSymbolicLink() || (need.single ? found.isDirectory() : !found.isDirectory()))
    return [
      problem('NOT_WRITABLE', need.name, `${need.path} is no plain ${need.single ? 'file' : 'folder'}`),
    ];
  if (need.single) return [];
  const problems: Problem[] = [];
  for (const name of await readdir(need.path, { encoding: 'buffer' }).catch(() => [])) {
    const child = await lstat(fullPath(need.path, name.toString('latin1'))).catch(() => undefined);
    if (child === undefined || child.dev === found.dev) continue;
    const text = `${need.path}/${showPath(name.toString('latin1'))} is a mount of its own and cannot be switched`;
    problems.push(
      problem('NOT_WRITABLE', need.name, text, 'declare it as a root of its own, and exclude it here'),
    );
  }
  return problems;
}

/** Does once what the switch will do, in Holdfast's own folder; returns the code of what failed. */
async function tryOut(ground: string, exists: boolean): Promise<string | undefined> {
  try {
    await access(ground, constants.R_OK | constants.W_OK | constants.X_OK);
    if (exists) await keepingTime(ground, () => tryRename(join(ground, OWN_FOLDER)));
    return undefined;
  } catch (error) {
    return codeOf(error) || String(error);
  }
}

async function tryRename(own: string): Promise<void> {
  const probe = join(own, `probe-${randomUUID()}`);
  try {
    await mkdir(join(probe, 'a'), { recursive: true, mode: 0o700 });
    await writeFile(join(probe, 'a', 'file'), '');
    await rename(join(probe, 'a'), join(probe, 'b'));
    await rename(join(probe, 'b', 'file'), join(probe, 'file'));
    if (isPrivileged()) await chown(join(probe, 'file'), 1, 1);
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

function notWritable(need: PlaceNeed, ground: string, failure: string): Problem {
  const user = process.getuid?.() ?? 0;
  return problem(
    'NOT_WRITABLE',
    need.name,
    `user ${user} cannot write and rename in ${ground} (${failure})`,
    `give user ${user} read, write and search access to ${ground}`,
  );
}
