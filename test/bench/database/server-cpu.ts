import { readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second. */
const TICK_MS = 10;

/** Of all processes of a server, those that ended included, since it started. */
export function serverCpuMs(postmaster: number): number {
  const own = ticksOf(postmaster).reduce((sum, ticks) => sum + ticks, 0);
  const children = read(`/proc/${postmaster}/task/${postmaster}/children`).trim().split(' ');
  return TICK_MS * children.map(ticksOf).reduce((sum, [user = 0, system = 0]) => sum + user + system, own);
}

/** proc(5): user, system, and both of the children that ended; nothing for a process that is gone. */
function ticksOf(pid: number | string): readonly number[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
