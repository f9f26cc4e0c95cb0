import type { RunHeader } from '#libs/saga/journal.ts';

/** Sorts as text by time: `20261124T023000Z-1a2b3c4d`. */
export function backupIdOf(header: RunHeader): string {
  return `${header.openedAt.replace(/[-:]|\.\d+/g, '')}-${header.runId.slice(0, 8)}`;
}
