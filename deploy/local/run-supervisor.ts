import { HoldfastError } from '#libs/kernel/errors.ts';
import { once } from 'node:events';
import { ORDER_VARIABLE, type SupervisorMessage, type SupervisorOrder } from './detached-stack.ts';
import { startStack, type StackOptions } from './stack.ts';

/**
 * The process behind a detached stack: starts what the order in its environment says, tells its parent that all
 * is healthy (or why not), then stays until SIGTERM. In a bundle a hidden command calls it.
 */
export async function runSupervisor(options: Pick<StackOptions, 'isHealthy' | 'pace'> = {}): Promise<void> {
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => ending.abort());
  // The terminal that started it may be closed.
  process.on('SIGHUP', () => {});
  try {
    const { [ORDER_VARIABLE]: text, ...env } = process.env;
    const order = JSON.parse(text ?? '{}') as SupervisorOrder;
    const { home, store, secondStoreUrl, services, inline, commands } = order;
    const stack = await startStack({
      ...options,
      home,
      store,
      secondStoreUrl,
      services,
      inline,
      env,
      commands: { service: (name) => commands[name] ?? [], supervisor: [] },
      signal: ending.signal,
      onNote: (note) => tell({ kind: 'note', note }),
    });
    tell({ kind: 'ready' });
    if (!ending.signal.aborted) await once(ending.signal, 'abort');
    await stack.stop();
  } catch (error) {
    tell({ kind: 'failed', error: HoldfastError.from(error).toRecord() });
    process.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect?.();
  }
}

/** The parent leaves as soon as it was told; later words have no listener. */
function tell(message: SupervisorMessage): void {
  if (process.connected) process.send?.(message);
}
