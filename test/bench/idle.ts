import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { readStack } from '#deploy/local/stack.ts';

/** Ticks of the kernel's clock in a second, as every Linux of today has them (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/** Percent of one core that each process of a stack takes over a time in which nothing is asked of it. */
export async function idleShares(
  home: string,
  idleMs: number,
): Promise<readonly { readonly name: string; readonly percent: number }[]> {
  const processes = ((await readStack(home))?.processes ?? []).flatMap(({ name, process }) =>
    process === null || process === undefined ? [] : [{ name, pid: process.pid }],
  );
  const before = await Promise.all(processes.map(({ pid }) => cpuMs(pid)));
  const from = performance.now();
  await pause(idleMs);
  const tookMs = performance.now() - from;
  const after = await Promise.all(processes.map(({ pid }) => cpuMs(pid)));
  return processes.map(({ name }, n) => ({ name, percent: ((after[n]! - before[n]!) / tookMs) * 100 }));
}

/** User and system time so far. The name in parentheses may hold blanks: fields are counted after it. */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000;
}
