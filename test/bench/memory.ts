import { readFile } from 'node:fs/promises';
import { readStack } from '#deploy/local/stack.ts';
import { SERVICE_NAMES } from '#libs/contracts/services.ts';

/** Resident memory of each service of a running stack, in MiB, as the kernel counts it: now, and its peak. */
export async function serviceMemory(
  home: string,
): Promise<readonly { readonly service: string; readonly now: number; readonly peak: number }[]> {
  const processes = (await readStack(home))?.processes ?? [];
  return await Promise.all(
    SERVICE_NAMES.map(async (service) => {
      const pid = processes.find(({ name }) => name === service)?.process?.pid;
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return { service, now: field(status, 'VmRSS'), peak: field(status, 'VmHWM') };
    }),
  );
}

function field(status: string, name: string): number {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  if (kib === undefined) throw new Error(`the kernel tells no ${name}`);
  return Number(kib) / 1024;
}
