import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ledgerOf } from './ledger.ts';

let number = 0;
function logged(kind: string, detail: object) {
  number += 1;
  return { number, at: `2026-11-24T12:00:0${number}Z`, kind, detailJson: JSON.stringify(detail) };
}

test('the configuration is read, written and put back by what holds it, and by nothing else', () => {
  const told = ledgerOf(
    [
      logged('committed', { runId: 'a', backupId: 'all' }),
      logged('committed', { runId: 'b', backupId: 'files', components: ['files'] }),
      logged('restored', { runId: 'c', backupId: 'files', components: ['files'] }),
      logged('rolled-back', { runId: 'd', restoreRunId: 'c' }),
      logged('restored', { runId: 'e', backupId: 'all', components: ['config'] }),
      logged('opened', { runId: 'f', runKind: 'rollback', principal: 'anna' }),
      logged('rolled-back', { runId: 'f', restoreRunId: 'e' }),
      logged('restored', { runId: 'g', backupId: 'all', kept: false }),
    ],
    [],
  );
  assert.deepEqual(
    told.map(({ what, who, detail }) => [what, who, detail]),
    [
      ['read', '', 'into backup all'],
      ['written', '', 'from backup all'],
      ['written', 'anna', 'as it was before restore e'],
      ['written', '', 'from backup all, beside the living system'],
    ],
  );
});
