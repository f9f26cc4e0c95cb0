import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** For each file: tests that hang have noticed something too. */
const FILE_LIMIT_MS = 3 * 60_000;

/** Runs test files one after the other until one test fails: 'passed', or what failed first. */
export async function runTests(
  folder: string,
  files: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=tap', ...files],
    // A group of its own, so that its programs end with it.
    {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    },
  );
  const exited = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
  let failed: string | undefined;
  const stop = (why: string) => {
    failed ??= why;
    endGroup(child.pid!);
  };
  const limitMs = files.length * FILE_LIMIT_MS;
  const limit = setTimeout(stop, limitMs, `no end within ${limitMs} ms`);
  createInterface(child.stdout).on('line', (line) => {
    if (/^\s*not ok /.test(line)) stop(line.trim());
  });
  const code = await exited;
  clearTimeout(limit);
  return failed ?? (code === 0 ? 'passed' : `exit code ${code}`);
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
