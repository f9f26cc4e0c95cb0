#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findTool, requireVenv } from '#deploy/local/tools.ts';
import { bundle } from '#services/operator/cli/bundle.ts';
import { startTestServers } from './servers.ts';

/**
 * npm test: finds or installs what the tests need, starts the servers they share (PostgreSQL, MinIO, a second S3) and
 * runs every test file. Nothing is skipped when something is missing: it is installed, or named as the failure.
 * Arguments limit the run to files whose path contains one of them.
 */
const SUITES = ['{libs,services,deploy}/**/*.test.ts', 'test/*.test.ts', 'test/{contract,e2e}/**/*.test.ts'];

const { positionals } = parseArgs({ allowPositionals: true });
const note = (text: string) => console.error(text);

await bundle();
await findTool('nats-server', { onNote: note });
await requireVenv('edms', 'test/edms/requirements.txt', { onNote: note });
const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rm(folder, { recursive: true, force: true }));
const servers = stack.use(await startTestServers({ folder, onNote: note }));

const files = SUITES.flatMap((pattern) => globSync(pattern)).filter(
  (file) => positionals.length === 0 || positionals.some((part) => file.includes(part)),
);
if (files.length === 0) throw new Error('no test file fits');
// Three at a time keep two cores busy: half of the time is waiting.
process.exitCode = await run(files, 3);

function run(paths: readonly string[], concurrency: number): Promise<number> {
  const child = spawn(process.execPath, ['--test', `--test-concurrency=${concurrency}`, ...paths], {
    stdio: 'inherit',
    env: { ...process.env, ...servers.environment },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
