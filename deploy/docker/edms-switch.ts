import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A first start compiles the whole application; two shared cores have taken 9 s for it. */
const ANSWER_MS = 120_000;
const POLL_MS = 100;

/**
 * A hook for an application in a container of its own: `node deploy/docker/edms-switch.ts FOLDER stopped|running`.
 * The folder is shared with a process there (test/edms/container.py) that does what `wanted` says and writes `state`.
 * Exits 1 when it does not answer. No door to the container engine is opened for this.
 */
const [folder, wanted] = process.argv.slice(2);
if (folder === undefined || (wanted !== 'stopped' && wanted !== 'running'))
  throw new Error('usage: edms-switch.ts FOLDER stopped|running');
// The number makes an old answer to an old wish recognisable.
const wish = `${wanted} ${Date.now()}`;
await writeFile(join(folder, 'wanted.new'), wish);
await rename(join(folder, 'wanted.new'), join(folder, 'wanted'));
const signal = AbortSignal.timeout(ANSWER_MS);
while (!signal.aborted && (await state()) !== wish) await setTimeout(POLL_MS);
process.exitCode = (await state()) === wish ? 0 : 1;
if (process.exitCode !== 0)
  process.stderr.write(`the application is not ${wanted}: it says "${await state()}"\n`);

async function state(): Promise<string> {
  return await readFile(join(folder!, 'state'), 'utf8').catch(() => '');
}
