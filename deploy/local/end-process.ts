import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 50;
/** A killed process leaves the table within milliseconds unless it hangs in the kernel. */
const KILL_WAIT_MS = 5_000;

/**
 * Ends one process that we started, and what is left of its process group. Idempotent; does nothing when the
 * pid belongs to another process by now. Resolves to false when it could not be ended.
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  if (!(await isAlive(identity))) return true;
  sendSignal(identity.pid, 'SIGTERM');
  if (!(await isGoneWithin(identity, graceMs))) sendSignal(identity.pid, 'SIGKILL');
  const gone = await isGoneWithin(identity, KILL_WAIT_MS);
  if (gone) endGroup(identity.pid);
  return gone;
}

export async function isGoneWithin(identity: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (await isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** Our children lead their own process groups: whatever they left behind ends with them. */
export function endGroup(leader: number): void {
  assert(leader > 1, 'process group of a child');
  sendSignal(-leader, 'SIGKILL');
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Already gone, or its pid is now of another user's process: nothing of ours is left to end.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
