import type { StackCommands } from '#deploy/local/stack.ts';
import { PROGRAM_FILE } from './bundled.ts';

/** Young objects are collected sooner: some 30 MiB less at the peak of each. */
const program = [process.execPath, '--max-semi-space-size=4', PROGRAM_FILE];

/** The stack's processes run the one-file program: it starts in half the time and half the memory of its sources. */
export const STACK_COMMANDS: StackCommands = {
  service: (name) => [...program, 'service', name],
  supervisor: [...program, 'supervise'],
};
