import { readFile } from 'node:fs/promises';
import { readStack } from '#deploy/local/stack.ts';

/** Resident memory of each process with services of a running stack, in MiB, as the kernel counts it: now, and its peak. */
export async function serviceMemory(
  home: string,
): Promise<readonly { readonly service: string; readonly now: number; readonly peak: number }[]> {
  const processes = (await readStack(home))?.processes ?? [];
  return await Promise.all(
    processes
      .filter(({ name }) => name !== 'nats-server')
      .map(async ({ name, process }) => {
        const status = await readFile(`/proc/${process?.pid}/status`, 'utf8');
        return { service: name, now: field(status, 'VmRSS'), peak: field(status, 'VmHWM') };
      }),
  );
}

function field(status: string, name: string): number {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  if (kib === undefined) throw new Error(`the kernel tells no ${name}`);
  return Number(kib) / 1024;
}
