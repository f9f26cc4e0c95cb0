#!/usr/bin/env node
/* oxlint-disable no-console -- the entry point of a person's command */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { findTool, requireVenv } from '#deploy/local/tools.ts';
import { bundle } from '#services/operator/cli/bundle.ts';
import { shownTests, writePromisesPage } from './contract/promises.ts';
import { RECORD_FILE, recordOf, type RunAbout, type TestResult } from './contract/record.ts';
import { startTestServers } from './servers.ts';

/**
 * npm test: finds or installs what the tests need, starts the servers they share (PostgreSQL, MinIO, a second S3) and
 * runs every test file. Nothing is skipped when something is missing: it is installed, or named as the failure.
 * Arguments limit the run to files whose path contains one of them. With --record a whole run is written down in
 * docs/measured/findings.json and docs/promises.md; nothing else of a run changes the checkout.
 */
const SUITES = [
  '{libs,services,deploy}/**/*.test.ts',
  'test/*.test.ts',
  'test/{bench,contract,e2e,sim}/**/*.test.ts',
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { record: { type: 'boolean', default: false } },
});
if (values.record && positionals.length > 0) throw new Error('--record is for a whole run: name no files');
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
const resultsFile = join(folder, 'results');
const reporters = [
  ['spec', 'stdout'],
  ...(values.record ? [['./test/contract/results-reporter.ts', resultsFile]] : []),
].flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`]);
const about = values.record ? await aboutRun() : undefined;
process.exitCode = await run(files, 3);
if (about !== undefined) await writeRecord(about);

async function aboutRun(): Promise<RunAbout> {
  const line = async (program: string, ...words: string[]) => (await execa(program, words)).stdout.trim();
  const commit = await line('git', 'rev-parse', '--short=12', 'HEAD');
  const changed = (await line('git', 'status', '--porcelain')) === '' ? '' : ' with changes';
  const postgres = await line(join(servers.environment['PG_BIN']!, 'postgres'), '--version');
  const processors = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}`;
  const machine = [processors, `${type()} ${release()}`, `Node ${process.version}`, postgres].join(', ');
  return { date: new Date().toISOString().slice(0, 10), commit: `${commit}${changed}`, machine };
}

async function writeRecord(about: RunAbout): Promise<void> {
  const lines = (await readFile(resultsFile, 'utf8')).trim().split('\n');
  const results = lines.map((line) => JSON.parse(line) as TestResult);
  await writeFile(RECORD_FILE, `${JSON.stringify(recordOf(about, results, shownTests()), null, 2)}\n`);
  writePromisesPage();
}

function run(paths: readonly string[], concurrency: number): Promise<number> {
  const child = spawn(
    process.execPath,
    // A test that waits for what never comes ends, and is named.
    ['--test', '--test-timeout=600000', `--test-concurrency=${concurrency}`, ...reporters, ...paths],
    {
      stdio: 'inherit',
      env: { ...process.env, ...servers.environment },
    },
  );
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
