import type { Token } from '#libs/contracts/stage.ts';

/** Short, for the history. */
export const showToken = ({ runId, epoch, claim }: Token): string => `${runId.slice(0, 8)}.${epoch}.${claim}`;
