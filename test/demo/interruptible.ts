const TWICE_MS = 500;

/**
 * Work that may be stopped: after a first Ctrl-C or SIGTERM (which its child processes get as well) its next note
 * throws, so that whatever was started is stopped on the way out; exit 130. A second one ends the process at once.
 */
export async function interruptible(
  note: (text: string) => void,
  work: (note: (text: string) => void) => Promise<void>,
): Promise<void> {
  let interruptedMs: number | undefined;
  const onSignal = () => {
    const now = performance.now();
    // One interruption may come twice: to the process and to its group.
    if (interruptedMs !== undefined && now - interruptedMs < TWICE_MS) return;
    if (interruptedMs !== undefined) process.exit(130);
    interruptedMs = now;
    note('interrupted: what was started is stopped; once more ends it at once');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  try {
    await work((text) => {
      if (interruptedMs !== undefined) throw new Error('interrupted');
      note(text);
    });
  } catch (error) {
    if (interruptedMs === undefined) throw error;
    process.exitCode = 130;
  }
}
