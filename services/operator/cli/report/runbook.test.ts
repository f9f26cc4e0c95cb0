import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpec } from '#libs/contracts/spec.ts';
import type { Run } from '../front-door.ts';
import { runbookText } from './runbook.ts';

test('times are those of the last run of everything; of some components they are told as such', () => {
  const backups = [
    run('backup', 1, ['preflight', 'config']),
    run('backup', 60, ['database', 'files.dms', 'config']),
  ];
  const restore = run('restore', 2, ['stage.config', 'pivot.config', 'close']);
  assert.deepEqual(timesOf([...backups, restore]), [
    'backup: **1 min 0 s**',
    'restore (config only): **2.0 s**',
    'restore of everything: **never measured on this stack**',
  ]);
  const all = run('restore', 90, ['stage.database', 'stage.files', 'stage.config']);
  assert.deepEqual(timesOf([restore, all]), ['restore: **1 min 30 s**']);
});

test('what looks only is no restore', () =>
  assert.deepEqual(timesOf([run('verify', 3, ['verify.stored'])]), [
    'verify: **3.0 s**',
    'restore of everything: **never measured on this stack**',
  ]));

test('tables that were taken out tell nothing of how long a restore takes', () => {
  const tables = run('restore', 1, ['stage.database', 'pivot.database']);
  const outcomeJson = JSON.stringify({ database: 'new', restored: [], leftOut: [], referenced: [] });
  assert.deepEqual(timesOf([{ ...tables, outcomeJson }]), [
    'restore of everything: **never measured on this stack**',
  ]);
});

/** The lines of the page, up to their times. */
function timesOf(runs: readonly Run[]): readonly string[] {
  const page = runbookText({
    spec: parseSpec('deployment: records\ndatabase: { url: { env: URL } }\n'),
    specVersion: 1,
    store: '/mnt/store',
    generatedAt: '',
    newest: undefined,
    runs,
  });
  const section = page.split('## Last measured times')[1]!.split('\n## ')[0]!;
  return [...section.matchAll(/^- (.*\*\*)/gm)].map(([, line]) => line!);
}

function run(kind: string, seconds: number, names: readonly string[]): Run {
  const [openedAt, finishedAt] = [0, seconds].map((at) => new Date(at * 1_000).toISOString());
  const steps = names.map((name) => ({ name, startedAt: openedAt, finishedAt }));
  return { kind, state: 'completed', openedAt, finishedAt, steps, outcomeJson: '' } as unknown as Run;
}
