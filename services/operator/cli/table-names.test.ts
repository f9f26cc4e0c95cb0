import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTableNames } from './table-names.ts';

test('tables are named as SQL names them, whatever they are called', () => {
  const cases: Readonly<Record<string, object[]>> = {
    invoice: [{ name: 'invoice' }],
    'public.Invoice': [{ schema: 'public', name: 'Invoice' }],
    'a, b.c ,d': [{ name: 'a' }, { schema: 'b', name: 'c' }, { name: 'd' }],
    '"a,b"."c.d",e': [{ schema: 'a,b', name: 'c.d' }, { name: 'e' }],
    '"say ""no"""': [{ name: 'say "no"' }],
    'odd name': [{ name: 'odd name' }],
    '" lead"': [{ name: ' lead' }],
    '"two\nlines"': [{ name: 'two\nlines' }],
    __proto__: [{ name: '__proto__' }],
  };
  for (const [text, names] of Object.entries(cases)) assert.deepEqual(parseTableNames(text), names, text);
});

test('what names no table is wrong use of the command', () => {
  for (const text of ['', ',', 'a,', 'a,,b', '.a', 'a.', 'a.b.c', '"a', 'a"b', '""', '"a" b'])
    assert.throws(() => parseTableNames(text), { code: 'USAGE' }, text);
});
