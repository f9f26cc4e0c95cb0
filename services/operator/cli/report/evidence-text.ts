import { durationText, table } from '../text.ts';
import type { Evidence } from './evidence.ts';

/** The evidence as a page. What there was none of is said: silence would read as good. Pure. */
export function evidenceText(evidence: Evidence): string {
  const { deployment, from, to, log } = evidence;
  return [
    `# Evidence: ${deployment}`,
    '',
    `Period: ${from || 'the beginning'} to ${to || 'now'}.`,
    `Log: the hash chain of all ${log.total} entries holds, ${log.entries} of them in the period; head \`${log.headDigest}\`.`,
    ...section('Backups', backupsTable(evidence)),
    ...section('Verdicts and their trend', verdictsTable(evidence)),
    ...section('Restores and drills', restoresTable(evidence)),
    ...section('Schedules', schedulesText(evidence)),
    ...section(
      'Changes',
      evidence.changes.map(
        ({ backupId, change, acceptedBy }) =>
          `- ${backupId}: ${change}; ${acceptedBy === '' ? 'NOT ACCEPTED' : `accepted by ${acceptedBy}`}`,
      ),
    ),
    ...section(
      'Values released',
      evidence.releases.map(
        ({ at, who, name, file, detail }) =>
          `- ${at}: ${name || 'whole file'} of ${file} to ${who}, ${detail}`,
      ),
    ),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return ['', `## ${title}`, '', ...(lines.length === 0 ? ['None in this period.'] : lines)];
}

function backupsTable({ backups }: Evidence): readonly string[] {
  if (backups.length === 0) return [];
  const rows = backups.map(({ backupId, mark, completeness, tookMs }) => [
    backupId,
    mark,
    completeness,
    durationText(tookMs),
  ]);
  return fenced(table(['BACKUP', 'MARK', 'COMPLETENESS', 'TOOK'], rows));
}

function verdictsTable({ verdicts }: Evidence): readonly string[] {
  if (verdicts.length === 0) return [];
  const rows = verdicts.map((verdict) => [
    verdict.at,
    verdict.backupId,
    verdict.kind,
    `L${verdict.level}`,
    verdict.ok ? 'good' : `BAD: ${verdict.failed.join(', ')}`,
    `${verdict.checks - verdict.failed.length} of ${verdict.checks}`,
    `${verdict.notChecked.length} not checked`,
    durationText(verdict.tookMs),
  ]);
  return fenced(table(['AT', 'BACKUP', 'BY', 'LEVEL', 'VERDICT', 'CHECKS', 'REST', 'TOOK'], rows));
}

function restoresTable({ restores }: Evidence): readonly string[] {
  if (restores.length === 0) return [];
  const rows = restores.map(({ runId, kind, state, principal, openedAt, tookMs }) => [
    runId,
    kind,
    state,
    principal,
    openedAt,
    durationText(tookMs),
  ]);
  return fenced(table(['RUN', 'KIND', 'STATE', 'BY', 'OPENED', 'TOOK'], rows));
}

/** Recurring duties (reports, retention, integrity checks) live in rows: fewer of them than before is a finding. */
function schedulesText({ backups }: Evidence): readonly string[] {
  return backups.map(({ backupId, completeness, scheduledTasks }) =>
    scheduledTasks === null
      ? `- ${backupId}: not told by it (${completeness})`
      : `- ${backupId}: ${scheduledTasks} rows of scheduled tasks`,
  );
}

function fenced(text: string): readonly string[] {
  return ['```', text, '```'];
}
