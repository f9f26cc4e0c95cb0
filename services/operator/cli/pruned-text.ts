import { cleanOutcome, forgetOutcome, lockOutcome } from '#libs/contracts/requests.ts';
import type { PrunePlan } from './front-door.ts';
import { bytesText, countText, table } from './text.ts';

/** What a prune would do, backup by backup, with all reasons. Pure. */
export function prunePlanText({ deployment, choices }: PrunePlan): string {
  if (choices.length === 0) return `${deployment} has no backup`;
  const removed = choices.filter(({ kept }) => !kept).length;
  return [
    table(
      ['BACKUP', 'STAYS', 'WHY'],
      choices.map(({ backupId, kept, reasons }) => [backupId, kept ? 'yes' : 'NO', reasons.join('; ')]),
    ),
    `${countText(choices.length - removed, 'backup')} of ${deployment} stay, ${removed} go`,
  ].join('\n');
}

/** Lines about what a prune did, from its run's outcome; of one that did not end well as far as it came. Pure. */
export function prunedText(outcome: Readonly<Record<string, unknown>>): readonly string[] {
  const lock = lockOutcome.safeParse(outcome['lock']);
  const forget = forgetOutcome.safeParse(outcome['forget']);
  const clean = cleanOutcome.safeParse(outcome['clean']);
  return [
    ...(lock.success
      ? [
          `${countText(lock.data.locked.length, 'backup')} locked, in ${countText(lock.data.objects, 'object')}`,
        ]
      : []),
    ...(forget.success ? forgottenLines(forget.data) : []),
    ...(clean.success ? cleanedLines(clean.data) : []),
  ];
}

type Forgotten = ReturnType<typeof forgetOutcome.parse>;
type Cleaned = ReturnType<typeof cleanOutcome.parse>;

function forgottenLines({ forgotten, kept }: Forgotten): readonly string[] {
  return [
    ...forgotten.map(({ backupId, reason }) => `forgotten: ${backupId}, ${reason}`),
    `${countText(forgotten.length, 'backup')} forgotten, ${kept} stay`,
  ];
}

function cleanedLines(report: Cleaned): readonly string[] {
  const { deleted, deletedBytes, waiting, refused, repackedPacks, resealedPacks, repackedBytes } = report;
  const written = repackedPacks + resealedPacks;
  return [
    `${bytesText(deletedBytes)} freed: ${countText(deleted, 'object')} removed`,
    ...(written === 0
      ? []
      : [
          `${countText(written, 'pack')} written again (${bytesText(repackedBytes)}), ${resealedPacks} of them for the newest key`,
        ]),
    ...(waiting === 0
      ? []
      : [
          `${countText(waiting, 'object')} waiting: a later prune removes them, once no run is open that began before they were named, and nothing needs them`,
        ]),
    ...(refused === 0
      ? []
      : [`${countText(refused, 'object')} locked by the store: asked for again by the next prune`]),
  ];
}
