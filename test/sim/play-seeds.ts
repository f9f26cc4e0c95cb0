import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SeedResult } from './run-seed.ts';

export type Played = Pick<SeedResult, 'seed' | 'violations' | 'stuck' | 'events' | 'counts'>;

/** Whole installations, or one bucket that is cleaned while it is written to. */
export type Suite = 'system' | 'cleaning';

/** Below so many seeds a further process costs more than it saves. */
const SEEDS_MIN = 20;

/** A world that is over leaves something behind in its process: after so many there is a new one. */
const SEEDS_PER_PROCESS = 300;

export interface Seeds {
  readonly suite: Suite;
  readonly first: number;
  readonly count: number;
  /** Where the program lies: the checkout, or a copy with a bug in it. */
  readonly root: string;
  readonly onPlayed: (played: Played) => void;
  /** Ends it before all seeds are played. */
  readonly signal?: AbortSignal;
}

/** Plays seeds on all processors there are. */
export async function playSeeds({ suite, first, count, root, onPlayed, signal }: Seeds): Promise<void> {
  const last = first + count - 1;
  const workers = Math.max(1, Math.min(availableParallelism(), Math.floor(count / SEEDS_MIN)));
  await Promise.all(
    Array.from({ length: workers }, async (_, at) => {
      for (let from = first + at; from <= last; from += workers * SEEDS_PER_PROCESS) {
        const to = Math.min(last, from + workers * SEEDS_PER_PROCESS - 1);
        await playSome({ suite, first: from, last: to, stride: workers, root, onPlayed, signal });
      }
    }),
  );
}

async function playSome({
  suite,
  first,
  last,
  stride,
  root,
  onPlayed,
  signal,
}: Omit<Seeds, 'count' | 'signal'> & {
  last: number;
  stride: number;
  signal: AbortSignal | undefined;
}): Promise<void> {
  if (isOver(signal)) return;
  const words = [join('test', 'sim', 'worker.ts'), suite, ...[first, last, stride].map(String)];
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(-2_000)));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  for await (const line of createInterface(child.stdout)) onPlayed(JSON.parse(line) as Played);
  const code = await exited;
  signal?.removeEventListener('abort', stop);
  if (code !== 0 && signal?.aborted !== true)
    throw new Error(`a world's process ended with ${code}: ${said}`);
}

function isOver(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
