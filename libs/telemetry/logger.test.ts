import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { openLogger } from './logger.ts';

function logged(fields: Readonly<Record<string, unknown>>): string {
  const lines: string[] = [];
  const log = openLogger({
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  log.info('seen' as Parameters<typeof log.info>[0], fields);
  return lines.join('');
}

test('what has a secret name is not logged, on three levels', () => {
  const line = logged({
    password: 's3cr3t',
    at: { token: 's3cr3t', deep: { secretKey: 's3cr3t' } },
    name: 'n',
  });
  assert.doesNotMatch(line, /s3cr3t/);
  assert.match(line, /"name":"n"/);
});

test('an address is logged without its password, inside any text and any cause', () => {
  const cause = new Error('postgresql://anna:s3cr3t@db/records refused');
  const line = logged({ address: 'postgresql://anna:s3cr3t@db/records', err: new Error('no', { cause }) });
  assert.doesNotMatch(line, /s3cr3t/);
  assert.match(line, /anna/);
});

test('a log that nobody can write any more ends no process, and takes no memory for it', async () => {
  const script = `
    import { openLogger } from ${JSON.stringify(import.meta.resolve('./logger.ts'))};
    const log = openLogger({ service: 'verifier' });
    for (let n = 0; n < 64; n += 1) log.info('step_started', { text: 'x'.repeat(1 << 20) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(process.memoryUsage().rss < 400 << 20 ? 'alive' : 'grown');
  `;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stderr: { file: '/dev/full' },
  });
  assert.equal(stdout, 'alive');
});
