import { execa } from 'execa';
import { readFile } from 'node:fs/promises';

/** A pid alone is not a process: pids are used again. The start mark tells two holders of one pid apart. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startMark: string;
}

/** Undefined when no such process runs; a zombie has ended and counts as gone. */
export async function findProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startMark = process.platform === 'linux' ? await findLinuxMark(pid) : await findPsMark(pid);
  return startMark === undefined ? undefined : { pid, startMark };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await findProcess(identity.pid))?.startMark === identity.startMark;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  const own = await findProcess(process.pid);
  if (own === undefined) throw new TypeError('own process is not listed by the system');
  return own;
}

/** Boot id and start tick: ticks count from the boot, so they repeat after the next one. */
async function findLinuxMark(pid: number): Promise<string | undefined> {
  const start = await startOf(pid);
  if (start === undefined) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}/${start}`;
}

/** Clock ticks from the machine's start to the process's; undefined when none runs, and a zombie has ended. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The program's name may hold spaces and parentheses: fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ended = fields[0] === 'Z' || fields[0] === 'X';
  return ended ? undefined : fields[19];
}

async function findPsMark(pid: number): Promise<string | undefined> {
  const { stdout, exitCode } = await execa('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    reject: false,
  });
  const line = stdout.trim();
  if (exitCode !== 0 || line === '' || line.startsWith('Z')) return undefined;
  return line.replace(/^\S+\s+/, '');
}

/** Direct children, as the system lists them now. */
export async function childPids(parent: number): Promise<number[]> {
  const { stdout } = await execa('ps', ['-A', '-o', 'pid=,ppid='], { reject: false });
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return rows.filter(([, ppid]) => ppid === parent).map(([pid = 0]) => pid);
}
