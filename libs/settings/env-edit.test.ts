import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendVariables, setVariables } from './env-edit.ts';
import { envValues } from '#libs/kernel/env-values.ts';

const FILE = Buffer.from(
  `# Pr\xfcfsumme\nA=1 # one\n export B = "two # not a comment" # two\nPEM='-----BEGIN\nC=inside\n-----END'\nC=\nURL=a?b=c\n`,
  'latin1',
);

test('only the named values change; comments, order and bytes that are no UTF-8 stay', () => {
  const edited = setVariables(FILE, new Map([['A', '9'], ['B', "it's"], ['C', 'x y']])); // prettier-ignore
  assert.equal(
    edited.toString('latin1'),
    `# Pr\xfcfsumme\nA=9 # one\n export B = "it's" # two\nPEM='-----BEGIN\nC=inside\n-----END'\nC='x y'\nURL=a?b=c\n`,
  );
});

test('whatever value is set is the value that is read', () => {
  for (const value of [
    '',
    'plain',
    'a b',
    '$HOME `x`',
    `it's "both"`,
    'tail \\',
    '# no comment',
    '鍵\nline',
  ]) {
    const set = new Map([['A', value]]);
    assert.equal(envValues(setVariables(FILE, set)).get('A'), value);
    assert.equal(envValues(appendVariables(Buffer.from('B=1'), set)).get('A'), value);
  }
});
