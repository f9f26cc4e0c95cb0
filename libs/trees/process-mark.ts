import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/** A process that can be told from all others: pids are used again, and mean nothing outside their namespace. */
export interface ProcessMark {
  readonly pid: number;
  /** Digest of machine start and pid namespace: within one realm the pid and its start tick say who lives. */
  readonly realm: string;
  /** Clock ticks from the machine's start to the process's; empty where the system does not tell. */
  readonly start: string;
}

export async function ownMark(): Promise<ProcessMark> {
  return { pid: process.pid, realm: await ownRealm(), start: (await startOf(process.pid)) ?? '' };
}

/** `unseen`: it is of another realm (another container or machine), where nobody here can look. */
export async function fateOf(mark: ProcessMark): Promise<'alive' | 'ended' | 'unseen'> {
  if (mark.realm !== (await ownRealm())) return 'unseen';
  if (mark.start !== '') return (await startOf(mark.pid)) === mark.start ? 'alive' : 'ended';
  return isListed(mark.pid) ? 'unseen' : 'ended';
}

async function ownRealm(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname());
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return createHash('sha256').update(`${boot.trim()} ${namespace}`).digest('hex').slice(0, 16);
}

/** Its start tick where the system tells; a zombie has ended. */
export async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The program's name may hold spaces and parentheses: fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ended = fields[0] === 'Z' || fields[0] === 'X';
  return ended ? undefined : fields[19];
}

function isListed(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
