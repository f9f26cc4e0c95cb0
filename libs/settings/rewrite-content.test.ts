import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rewriteContent } from './rewrite-content.ts';

const rewrite = (format: 'json' | 'yaml' | 'env', text: string, values: Record<string, string>) => {
  const { content, ...rest } = rewriteContent(Buffer.from(text), {
    format,
    values: new Map(Object.entries(values)),
  });
  return { text: content.toString(), ...rest };
};

test('JSON: the named values change, and not a byte besides; numbers stay numbers', () => {
  const text = '{\n\t"A": {"NAME":"edms", "PORT": 5432},  "B": ["ü", "x"],\n "NAME" : "edms" }\n';
  assert.deepEqual(rewrite('json', text, { 'A.NAME': 'it"s', 'A.PORT': '6432', 'B.1': 'y', NAME: 'edms' }), {
    text: '{\n\t"A": {"NAME":"it\\"s", "PORT": 6432},  "B": ["ü", "y"],\n "NAME" : "edms" }\n',
    changed: ['A.NAME', 'A.PORT', 'B.1'],
    unmatched: [],
  });
});

test('YAML: comments, quoting and order of the rest stay', () => {
  const text = '# head\ndb:\n  host: db # where\n  port: 5432\nother: "a: b"\n';
  assert.deepEqual(rewrite('yaml', text, { 'db.host': '/run/x y', other: 'c' }), {
    text: '# head\ndb:\n  host: "/run/x y" # where\n  port: 5432\nother: "c"\n',
    changed: ['db.host', 'other'],
    unmatched: [],
  });
});

test('env: a value that is right already stays as it is written', () => {
  assert.deepEqual(rewrite('env', 'A="x" # one\nB=2\n', { A: 'x', B: '3', C: '4' }), {
    text: 'A="x" # one\nB=3\n',
    changed: ['B'],
    unmatched: ['C'],
  });
});

test('what is not there, is no plain value or is shared is not matched, and nothing is changed', () => {
  const yaml = 'a: &x one\nb: *x\nc: |\n  two\n  lines\nd: { e: 1 }\n';
  const keys = { a: '1', b: '1', c: '1', d: '1', 'd.f': '1' };
  assert.deepEqual(rewrite('yaml', yaml, keys), {
    text: yaml,
    changed: [],
    unmatched: ['a', 'b', 'c', 'd', 'd.f'],
  });
  assert.deepEqual(rewrite('json', '{"a": ', { a: '1' }).unmatched, ['a']);
});
