import type { ReadLog } from '../front-door.ts';
import { parseObject } from '../run-text.ts';
import { table } from '../text.ts';
import type { Drift } from './drift.ts';

/** One line of the ledger: who had to do with which value, when, and why. */
export interface LedgerEntry {
  readonly at: string;
  /** `released` to a person, `read` into a backup, `written` by a restore or rollback, or seen `changed`, `added`, `removed`. */
  readonly what: 'released' | 'read' | 'written' | Drift['kind'];
  readonly who: string;
  readonly file: string;
  readonly name: string;
  readonly detail: string;
}

/** From the log and from what backups saw to be different, oldest first. Pure. */
export function ledgerOf(entries: ReadLog['entries'], drifts: readonly Drift[]): readonly LedgerEntry[] {
  const opened = new Map<string, string>();
  const restores = new Map<string, Record<string, unknown>>();
  const logged = entries.flatMap(({ at, kind, detailJson }): readonly LedgerEntry[] => {
    const detail = parseObject(detailJson);
    const text = (name: string) => {
      const value = detail[name];
      return typeof value === 'string' ? value : '';
    };
    const whole = { at, who: opened.get(text('runId')) ?? '', file: 'configuration', name: '' };
    switch (kind) {
      case 'opened':
        opened.set(text('runId'), text('principal'));
        return [];
      case 'committed':
        return holdsConfig(detail)
          ? [{ ...whole, what: 'read', detail: `into backup ${text('backupId')}` }]
          : [];
      case 'restored':
        restores.set(text('runId'), detail);
        return holdsConfig(detail)
          ? [{ ...whole, what: 'written', detail: `from backup ${text('backupId')}${placeOf(detail)}` }]
          : [];
      case 'rolled-back': {
        const undone = restores.get(text('restoreRunId'));
        return undone !== undefined && holdsConfig(undone)
          ? [{ ...whole, what: 'written', detail: `as it was before restore ${text('restoreRunId')}` }]
          : [];
      }
      case 'value-released':
        return [
          {
            at,
            what: 'released',
            who: text('principal'),
            file: text('file'),
            name: text('name'),
            detail: `of ${text('snapshot')}, because: ${text('reason')}`,
          },
        ];
      default:
        return [];
    }
  });
  const seen = drifts.map(({ firstSeen, kind, file, name, oldVersion, newVersion, backupId }) => ({
    at: firstSeen,
    what: kind,
    who: 'unknown',
    file,
    name,
    detail: `version ${oldVersion} became ${newVersion}, seen by backup ${backupId}`,
  }));
  return [...logged, ...seen].toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Absent: all components. */
function holdsConfig({ components }: Record<string, unknown>): boolean {
  return !Array.isArray(components) || components.includes('config');
}

function placeOf({ kept }: Record<string, unknown>): string {
  return kept === false ? ', beside the living system' : '';
}

export function ledgerText(entries: readonly LedgerEntry[]): string {
  if (entries.length === 0) return 'the log has no entry about configuration yet';
  return table(
    ['AT', 'WHAT', 'WHO', 'FILE', 'NAME', 'DETAIL'],
    entries.map(({ at, what, who, file, name, detail }) => [at, what, who, file, name, detail]),
  );
}
