import { EXIT } from '#libs/kernel/catalogue.ts';
import type { Answer } from '../command.ts';
import type { Coverage } from '../front-door.ts';
import { problemsText } from '../problems.ts';
import { table } from '../text.ts';

/** More names than this are counted: the table must stay one to read. */
const NAMES_SHOWN_MAX = 3;
const NOT_ALL = new Set(['left-out', 'not-covered', 'unknown']);
/** What a look that met problems found less of may be there all the same. */
const WITH_PROBLEMS = new Set([...NOT_ALL, 'fewer']);

/** Partial where something is not covered, or could not be looked at; more rows since the mark is the course of things. Pure. */
export function coverageAnswer(coverage: Coverage): Answer {
  const { deployment, backupId, mark, lines, problems } = coverage;
  const against = backupId === '' ? 'no backup' : `backup ${backupId} of ${mark}`;
  const notAll = problems.length === 0 ? NOT_ALL : WITH_PROBLEMS;
  const missing = lines.filter(({ status }) => notAll.has(status));
  const complete = missing.length === 0 && problems.length === 0;
  const rows = lines.map(({ category, liveRecords, backupRecords, status, names, restoreImpact }) => [
    category,
    liveRecords,
    backupRecords,
    status,
    namesText(names),
    restoreImpact,
  ]);
  const end = complete
    ? 'every category is covered up to the mark'
    : `${missing.length} categories are not covered: ${missing.map(({ category }) => category).join(', ')}`;
  const data = {
    deployment,
    backupId,
    mark,
    complete,
    categories: lines.map((line) => ({
      category: line.category,
      records: Number(line.liveRecords),
      backupRecords: Number(line.backupRecords),
      status: line.status,
      names: line.names,
      restoreImpact: line.restoreImpact,
    })),
    problems,
  };
  const text = [
    `${deployment} as it is now, against ${against}`,
    '',
    table(['CATEGORY', 'RECORDS', 'IN BACKUP', 'STATUS', 'WHAT', 'WITHOUT IT'], rows),
    '',
    end,
    ...(problems.length === 0 ? [] : [problemsText(problems)]),
  ].join('\n');
  return { data, text, exit: complete ? EXIT.good : EXIT.partial };
}

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length > NAMES_SHOWN_MAX ? `${shown}, ${names.length - NAMES_SHOWN_MAX} more` : shown;
}
