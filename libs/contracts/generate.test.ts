import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { execa } from 'execa';

test('gen/ is what the protos say now', async () => {
  const script = fileURLToPath(import.meta.resolve('./generate.ts'));
  const { exitCode, stderr } = await execa(process.execPath, [script, '--check'], { reject: false });
  assert.equal(exitCode, 0, stderr);
});
