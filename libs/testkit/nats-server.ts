import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chooseFreePort } from '#deploy/local/free-ports.ts';
import { findTool } from '#deploy/local/tools.ts';

/** A nats-server of the test's own, with JetStream in a folder of its own. */
export interface TestNatsServer extends AsyncDisposable {
  readonly url: string;
  /** kill -9: what was confirmed is on the disk, nothing else is promised. */
  kill(): Promise<void>;
  /** On the same port and, unless `empty`, the same folder. */
  restart(options?: { empty?: boolean }): Promise<void>;
}

const READY_MS = 10_000;

export async function startNatsServer(): Promise<TestNatsServer> {
  const program = process.env['HOLDFAST_TEST_NATS_SERVER'] ?? (await findTool('nats-server')).path;
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-nats-'));
  const port = await chooseFreePort();
  let child = await launch(program, folder, port);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    async restart({ empty = false } = {}) {
      await kill();
      if (empty) await rm(folder, { recursive: true, force: true });
      child = await launch(program, folder, port);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(program: string, folder: string, port: number): Promise<ChildProcess> {
  const child = spawn(program, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], {
    stdio: 'ignore',
  });
  const giveUpAt = performance.now() + READY_MS;
  while (!(await answers(port))) {
    if (performance.now() > giveUpAt || child.exitCode !== null)
      throw new Error('nats-server of the test did not come up');
    await pause(20);
  }
  return child;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => resolve(true)).once('error', () => resolve(false));
    socket.once('data', () => socket.destroy());
  });
}
