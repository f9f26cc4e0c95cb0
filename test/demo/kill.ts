import { setTimeout as pause } from 'node:timers/promises';
import { readStack } from '#deploy/local/stack.ts';

/** Ends a process of the stack without warning; resolves when another one has taken its place. */
export async function killProcess(home: string, name: string): Promise<void> {
  const found = async () => {
    const { processes } = (await readStack(home))!;
    return processes.find((each) => each.name === name)!;
  };
  const { pid } = (await found()).process!;
  process.kill(pid, 'SIGKILL');
  for (let tries = 0; tries < 240; tries += 1) {
    const now = await found();
    if (now.status === 'healthy' && now.process?.pid !== pid) return;
    await pause(250);
  }
  throw new Error(`${name} did not come back`);
}
