import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPONENTS } from '#libs/contracts/sites.ts';
import type { Backup } from '../front-door.ts';
import { evidenceText } from './evidence-text.ts';
import { backupEvidence } from './evidence.ts';

test('schedules are counted where the database is in the backup, and only there', () => {
  const backups = [
    { ...BACKUP, backupId: 'all', components: [...COMPONENTS], coverage: [category('scheduled tasks', 5)] },
    { ...BACKUP, backupId: 'none', components: [...COMPONENTS], coverage: [] },
    { ...BACKUP, backupId: 'config', components: ['config'] },
    { ...BACKUP, backupId: 'broken', completeness: 'damaged' },
  ];
  const page = evidenceText({ ...EVIDENCE, backups: backups.map(backupEvidence) });
  assert.deepEqual(page.split('## Schedules')[1]!.split('##')[0]!.trim().split('\n'), [
    '- all: 5 rows of scheduled tasks',
    '- none: 0 rows of scheduled tasks',
    '- config: not told by it (complete: config only)',
    '- broken: not told by it (damaged)',
  ]);
});

const category = (name: string, records: number) => ({
  category: name,
  records: String(records),
  covered: true,
  restoreImpact: '',
});
const BACKUP: Backup = {
  backupId: '',
  deployment: 'records',
  mark: '',
  committedAt: '',
  completeness: 'complete',
  components: [],
  manifestJson: '',
  coverage: [],
  heldBecause: '',
};
const EVIDENCE = {
  deployment: 'records',
  from: '',
  to: '',
  verdicts: [],
  restores: [],
  changes: [],
  releases: [],
  log: { entries: 0, total: 0, headDigest: '' },
};
