import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describeHome } from './home.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import type { ProcessState } from './processes.ts';

/** What `stack.json` says of the stack of one home. Holds no secrets, only the names of their files. */
export interface StackState {
  readonly version: 1;
  readonly home: string;
  readonly status: 'starting' | 'running' | 'stopped';
  readonly supervisor: ProcessIdentity;
  readonly startedAt: string;
  readonly store: { readonly kind: 'disk' | 'minio' | 'versitygw' | 'url'; readonly url: string };
  readonly secondStore?: { readonly url: string };
  readonly natsUrl: string;
  readonly addresses: Readonly<Record<string, string>>;
  /** By process name; wished again at the next start. */
  readonly ports: Readonly<Record<string, number>>;
  readonly tokenFile: string;
  readonly natsTokenFile: string;
  readonly processes: readonly ProcessState[];
}

/** The recorded state, and whether its supervisor lives now. Undefined when nothing was ever started there. */
export async function readStack(
  home: string,
): Promise<(StackState & { readonly running: boolean }) | undefined> {
  const text = await readFile(describeHome(home).stateFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as StackState;
  return { ...state, running: state.status !== 'stopped' && (await isAlive(state.supervisor)) };
}

/**
 * Replaces the file whole, and at once: a supervisor that is killed the moment after it started a child has
 * recorded that child. No fsync: pids mean nothing after a power cut.
 */
export function writeStack(state: StackState): void {
  const file = describeHome(state.home).stateFile;
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
