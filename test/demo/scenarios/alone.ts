import { execa } from 'execa';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from '#test/findings/on-world.ts';
import { backupFacts } from '../holdfast-scheme.ts';
import type { Spoken } from '../holdfast.ts';
import { flaggedOf } from '../spiteful.ts';
import { hooksOf, stopEdms, type World } from '../world.ts';

const WITHOUT = ['storage', 'certificates', 'logs', 'run', '.env', 'registrar/settings'];

/** The program is installed there; what it works on comes with the restore, and it rests like the original. */
export async function installProgram({ app: from }: World, app: string): Promise<void> {
  await mkdir(app, { recursive: true });
  const wanted = WITHOUT.flatMap((name) => ['--exclude', `./${name}`]);
  const { stdout: packed } = await execa('tar', ['-C', from, ...wanted, '-cf', '-', '.'], {
    encoding: 'buffer',
  });
  await execa('tar', ['-C', app, '-xf', '-'], { input: packed });
}

/**
 * The copy works while the original takes no connection and its documents are away, says of itself that nothing leads
 * out of it, and never left a trace in the original.
 */
export async function standsAlone(
  world: World,
  copy: World,
  backup: Spoken,
): Promise<Record<string, boolean>> {
  const { living: torn } = flaggedOf(backupFacts(backup).leftOut, world);
  await stopEdms(copy);
  const storage = join(world.app, 'storage');
  await sql(world, `ALTER DATABASE "${world.database}" ALLOW_CONNECTIONS false`, 'postgres');
  await rename(storage, `${storage}.away`);
  const closed = await sql(world, 'SELECT 1').then(
    () => false,
    () => true,
  );
  let there: Where;
  let whole: boolean;
  let answers: number;
  try {
    await startAt(copy);
    answers = (await fetch(`${copy.baseUrl}/health`)).status;
    there = await whereIs(copy);
    const files = (await ask(copy, 'verify_files')) as unknown as Files;
    const site = world.living.length === 0 || (await ask(copy, 'verify_site')).ok;
    whole = site && files.failed === files.examples.filter(({ path }) => torn.has(path)).length;
  } finally {
    await stopEdms(copy);
    await rename(`${storage}.away`, storage);
    await sql(world, `ALTER DATABASE "${world.database}" ALLOW_CONNECTIONS true`, 'postgres');
  }
  const original = await whereIs(world);
  return {
    'the original refuses connections meanwhile': closed,
    'the copy starts and answers without the original': answers === 200,
    'nothing leads out of the copy': there.strays.length === 0 && there.reached?.name === copy.database,
    'the copy finds itself whole, but for what the backup named': whole,
    'no start of the copy is in the original': !(copy.app in original.starts),
  };
}

/** Its env file may still name the original's port. */
async function startAt(copy: World): Promise<void> {
  const [program, ...words] = hooksOf(copy).start[0]!;
  await execa(program!, [...words, '--port', new URL(copy.baseUrl).port]);
}

interface Files {
  readonly failed: number;
  readonly examples: readonly { readonly path: string }[];
}

interface Where {
  readonly ok: boolean;
  readonly strays: readonly string[];
  readonly reached?: { readonly name: string };
  readonly starts: Readonly<Record<string, number>>;
}

async function whereIs(world: World): Promise<Where> {
  return (await ask(world, 'where_am_i')) as unknown as Where;
}

async function ask({ python, app }: World, name: string): Promise<{ readonly ok: boolean }> {
  const { stdout } = await execa(python, [join(app, 'manage.py'), name], { cwd: app, reject: false });
  return JSON.parse(stdout) as { ok: boolean };
}
