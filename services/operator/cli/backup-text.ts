import { changeText } from '#libs/contracts/change-text.ts';
import { manifestSchema, type Manifest } from '#libs/contracts/manifest.ts';
import { completenessText } from './components.ts';
import type { Backup } from './front-door.ts';
import { parseObject } from './run-text.ts';
import { bytesText, table } from './text.ts';

/** How backups read. Pure. */
export function backupData(backup: Backup): Record<string, unknown> {
  const { manifestJson, ...rest } = backup;
  return { ...rest, manifest: parseObject(manifestJson) };
}

/** Undefined for a damaged one. */
export function manifestOf(backup: Backup): Manifest | undefined {
  const parsed = manifestSchema.safeParse(parseObject(backup.manifestJson));
  return parsed.success ? parsed.data : undefined;
}

export function backupsTable(backups: readonly Backup[]): string {
  if (backups.length === 0) return 'no backups yet: holdfast backup DEPLOYMENT';
  const rows = backups.map((backup) => {
    const manifest = manifestOf(backup);
    return [
      backup.backupId,
      completenessText(backup),
      backup.mark,
      sizeText(manifest, 'sourceBytes'),
      sizeText(manifest, 'newBytes'),
      changesWord(manifest),
      backup.heldBecause,
    ];
  });
  return table(['BACKUP', 'COMPLETENESS', 'MARK', 'SIZE', 'NEW', 'CHANGED', 'HELD'], rows);
}

export function backupText(backup: Backup): string {
  const manifest = manifestOf(backup);
  const head = `backup ${backup.backupId} of ${backup.deployment}: ${completenessText(backup)}`;
  if (manifest === undefined) return `${head}\n${backup.manifestJson}`;
  const coverage = table(
    ['CATEGORY', 'RECORDS', 'COVERED', 'WITHOUT IT'],
    backup.coverage.map((row) => [row.category, row.records, row.covered ? 'yes' : 'NO', row.restoreImpact]),
  );
  return [
    head,
    `mark ${backup.mark}, committed ${backup.committedAt}, ${sizeText(manifest, 'sourceBytes')}, ${sizeText(manifest, 'newBytes')} new`,
    ...(backup.heldBecause === '' ? [] : [`held: ${backup.heldBecause}`]),
    ...changeLines(manifest),
    '',
    coverage,
    ...leftOutLines(manifest),
    ...checkLines(manifest),
  ].join('\n');
}

/** Nothing to say of the first backup, and of one that is as the last. */
function changeLines({ deployment, comparedWith, changes, changesAcceptedBy }: Manifest): readonly string[] {
  if (comparedWith === undefined || changes === undefined || changes.length === 0) return [];
  const end =
    changesAcceptedBy === undefined
      ? `when all are meant: holdfast backup ${deployment} --accept-changes`
      : `accepted by ${changesAcceptedBy}`;
  const head = `CHANGED SINCE ${comparedWith}:`;
  return ['', head, ...changes.map((change) => `- ${changeText(change)}`), end];
}

function changesWord(manifest: Manifest | undefined): string {
  const count = manifest?.changes?.length ?? 0;
  if (count === 0) return '';
  return manifest?.changesAcceptedBy === undefined ? `${count} CHANGES` : `${count} accepted`;
}

export function leftOutLines(manifest: Manifest): readonly string[] {
  if (manifest.leftOut.length === 0) return [];
  return [
    '',
    'left out:',
    ...manifest.leftOut.map(
      ({ component, what, reason, partial }) =>
        `- ${component}: ${what}: ${reason}${partial ? ' (makes it partial)' : ''}`,
    ),
  ];
}

function checkLines({ verification: { checks, notChecked } }: Manifest): readonly string[] {
  const failed = checks.filter((check) => !check.ok);
  const head = `${checks.length - failed.length} of ${checks.length} checks passed`;
  return [
    '',
    head,
    ...failed.map(({ name, detail }) => `- FAILED ${name}: ${detail}`),
    ...notChecked.map((what) => `- not checked: ${what}`),
  ];
}

function sizeText(manifest: Manifest | undefined, field: 'sourceBytes' | 'newBytes'): string {
  return manifest === undefined
    ? '?'
    : bytesText(manifest.snapshots.reduce((sum, snapshot) => sum + snapshot[field], 0));
}
