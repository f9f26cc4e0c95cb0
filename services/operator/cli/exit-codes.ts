import { EXIT } from '#libs/kernel/catalogue.ts';
import type { HoldfastError } from '#libs/kernel/errors.ts';

const OF_RUN: Readonly<Record<string, number>> = {
  completed: EXIT.good,
  partial: EXIT.partial,
  refused: EXIT.refused,
  failed: EXIT.failed,
  stuck: EXIT.manual,
  cancelled: EXIT.cancelled,
  // Left running on purpose: the order was taken.
  running: EXIT.good,
  undoing: EXIT.good,
};

/** The one place that turns the end of a run into an exit code; a state nobody knows counts as failed. */
export function exitOfRun(state: string): number {
  return OF_RUN[state] ?? EXIT.failed;
}

/** The one place that turns an error into an exit code. */
export function exitOfError(error: HoldfastError): number {
  return error.entry.exit;
}

export const EXIT_HELP = [
  'Exit codes:',
  `  ${EXIT.good}    good`,
  `  ${EXIT.usage}    wrong use, or nothing of that name`,
  `  ${EXIT.partial}    partial: see what was left out`,
  `  ${EXIT.refused}    refused before anything was touched`,
  `  ${EXIT.failed}    failed, the old state is intact`,
  `  ${EXIT.manual}    failed, a manual step is named`,
  `  ${EXIT.cancelled}  cancelled`,
].join('\n');
