import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Findings } from './findings.ts';

test('a check passes when it compared something and found no difference', () => {
  const findings = new Findings('rows', 3);
  assert.equal(findings.toCheck('rows').ok, false);
  findings.compared();
  assert.equal(findings.toCheck('rows').ok, true);
  findings.differs('public.t', 'has other rows');
  assert.equal(findings.toCheck('rows').ok, false);
});
