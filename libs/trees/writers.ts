import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { OWN_FOLDER, type StagePlace } from '#libs/contracts/stage.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { NamedPlace } from './port.ts';

/** Of a thousand open files the first are enough to find who holds them. */
const TOLD_MAX = 10;
/** O_WRONLY and O_RDWR among the flags of an open file. */
const WRITING = 0o3;

/**
 * Throws PLACE_IN_USE when a process that can be seen here has a file of these places open for writing: what it writes
 * would go into the old state, and what it opens next into the new one. Who only reads keeps the old bytes: no harm.
 */
export async function requireNoWriters(places: readonly NamedPlace[]): Promise<void> {
  const tops = await Promise.all(
    places.map(async (place) => ({ place, top: await realpath(place.path).catch(() => place.path) })),
  );
  const problems: Problem[] = [];
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    for (const path of await writtenBy(pid)) {
      const place = tops.find(({ place: each, top }) => isInside(each, top, path))?.place;
      if (place === undefined || problems.length >= TOLD_MAX) continue;
      const program = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
      problems.push(
        problem('PLACE_IN_USE', place.name, `process ${pid} (${program}) has ${path} open for writing`),
      );
    }
  }
  if (problems.length > 0)
    throw new HoldfastError(
      'PLACE_IN_USE',
      { remedy: 'stop these processes in hooks.stop, then run again' },
      { problems },
    );
}

/** Empty for a process that has ended, or that this user may not look into. */
async function writtenBy(pid: string): Promise<readonly string[]> {
  const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const paths = await Promise.all(
    open.map(async (number) => {
      const path = await readlink(`/proc/${pid}/fd/${number}`).catch(() => '');
      if (!path.startsWith('/')) return [];
      const info = await readFile(`/proc/${pid}/fdinfo/${number}`, 'utf8').catch(() => '');
      const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(info)?.[1] ?? '0', 8);
      return (flags & WRITING) === 0 ? [] : [path];
    }),
  );
  return paths.flat();
}

function isInside({ single }: StagePlace, top: string, path: string): boolean {
  if (single) return path === top;
  return path.startsWith(`${top}/`) && !path.startsWith(`${top}/${OWN_FOLDER}/`);
}
