import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Told } from './stopping.ts';
import type { Order } from './worker.ts';

export interface Worked {
  readonly told: readonly Told[];
  /** Where it was to stop and did. */
  readonly stood: boolean;
  /** Its process was killed. */
  readonly killed: boolean;
  readonly stderr: string;
}

/** A worker that says nothing for so long hangs. */
const SILENCE_MS = 180_000;

/**
 * A process that does what the order says. Where it stands still `strike` is called, and kills it by returning true;
 * else the process goes on.
 */
export async function work(
  order: Order,
  { folder, strike }: { readonly folder: string; readonly strike: () => Promise<boolean> },
): Promise<Worked> {
  const program = join(import.meta.dirname, 'worker.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  const closed = once(child, 'close');
  // It may be gone when it is told to go on.
  child.stdin.on('error', () => {});
  let stderr = '';
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString('utf8')));
  const silence = setTimeout(() => child.kill('SIGKILL'), SILENCE_MS);
  const told: Told[] = [];
  let stood = false;
  let killed = false;
  for await (const line of createInterface(child.stdout)) {
    silence.refresh();
    const each = JSON.parse(line) as Told;
    told.push(each);
    if (each.kind !== 'stands') continue;
    stood = true;
    killed = await strike();
    if (killed) child.kill('SIGKILL');
    else child.stdin.write('.');
  }
  await closed;
  clearTimeout(silence);
  return { told, stood, killed, stderr };
}
