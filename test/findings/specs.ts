import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument, type Document } from 'yaml';
import { writeSecret } from '#services/operator/cli/init/services-env.ts';
import type { RunningStack } from '#test/demo/holdfast-scheme.ts';
import type { Spoken } from '#test/demo/holdfast.ts';
import type { World } from '#test/demo/world.ts';
import { sql } from './on-world.ts';

export type Edit = (spec: Document) => void;

/** Declares what `edit` makes of a deployment's own spec file, which stays as it is. */
export async function declareEdited(stack: RunningStack, deployment: string, edit: Edit): Promise<void> {
  const spec = parseDocument(await readFile(join(stack.home, 'deployments', `${deployment}.yaml`), 'utf8'));
  edit(spec);
  const file = join(stack.home, 'edited.yaml');
  await writeFile(file, String(spec));
  await stack.holdfast.expect(0, 'init', '--spec', file);
}

/** The spec that is right, with an optional root that is not there. */
export function withOptionalRoot(world: World): Edit {
  return (spec) =>
    spec.addIn(
      ['files', 'roots'],
      spec.createNode({ name: 'outgoing', path: join(world.app, 'outgoing'), optional: true }),
    );
}

export function withMissingRoot(world: World, deployment: string): Edit {
  return (spec) => {
    spec.set('deployment', deployment);
    spec.addIn(['files', 'roots'], spec.createNode({ name: 'scans', path: join(world.app, 'scans') }));
  };
}

/** A database server that nobody runs. */
export async function withoutDatabase(stack: RunningStack, deployment: string): Promise<Edit> {
  const address = 'postgresql://nobody:nothing@127.0.0.1:9/nowhere';
  await writeSecret(join(stack.home, 'services.env'), 'NOWHERE_DATABASE_URL', address);
  return (spec) => {
    spec.set('deployment', deployment);
    spec.setIn(['database', 'url'], spec.createNode({ env: 'NOWHERE_DATABASE_URL' }));
    spec.deleteIn(['database', 'restoreUrl']);
  };
}

/** A database that lets everybody in and looks whole; a table's bytes are gone, which only reading them tells. */
export async function withLostTable(stack: RunningStack, world: World, deployment: string): Promise<Edit> {
  await sql(world, 'CREATE DATABASE damaged', 'postgres');
  await sql(world, 'CREATE TABLE lost AS SELECT n FROM generate_series(1, 1000) n; CHECKPOINT', 'damaged');
  const path = await sql(world, `SELECT pg_relation_filepath('lost')`, 'damaged');
  await rm(join(world.postgres.dataFolder, path));
  await writeSecret(join(stack.home, 'services.env'), 'DAMAGED_DATABASE_URL', world.postgres.url('damaged'));
  return (spec) => {
    spec.set('deployment', deployment);
    spec.setIn(['database', 'url'], spec.createNode({ env: 'DAMAGED_DATABASE_URL' }));
    spec.deleteIn(['files', 'documents']);
  };
}

/** Three things are wrong for a restore: a role that may not create databases, a variable never set, no stop hook. */
export async function withThreeFaults(stack: RunningStack, world: World): Promise<Edit> {
  await sql(world, `CREATE ROLE bystander LOGIN PASSWORD 'bystander'`);
  const address = world.postgres.url(world.database, { user: 'bystander', password: 'bystander' });
  await writeSecret(join(stack.home, 'services.env'), 'BYSTANDER_URL', address);
  return (spec) => {
    spec.setIn(['database', 'restoreUrl'], spec.createNode({ env: 'BYSTANDER_URL' }));
    spec.addIn(['config', 'require'], 'NEVER_SET');
    spec.setIn(['hooks', 'stop'], spec.createNode([]));
  };
}

interface Told {
  readonly code?: string;
  readonly problems?: readonly { readonly code: string }[];
}

/** How a command ended and every code it named, wherever in the answer. */
export function refusalOf({ exit, answer }: Spoken): { exit: number; codes: readonly string[] } {
  const { error, run, plan } = answer as { error?: Told; run?: { error?: Told | null }; plan?: Told };
  const told = [error, run?.error, plan].filter((each) => each !== undefined && each !== null);
  const codes = told.flatMap(({ code, problems = [] }) => [
    ...(code === undefined ? [] : [code]),
    ...problems.map((problem) => problem.code),
  ]);
  return { exit, codes: [...new Set(codes)] };
}

export async function countListed(stack: RunningStack): Promise<number> {
  const { answer } = await stack.holdfast.expect(0, 'backups', 'list');
  return (answer['backups'] as readonly unknown[]).length;
}

/** Names of the roots that a backup's manifest calls absent. */
/** What a plan says of the code against the backup. */
export function migrationVerdictOf({ answer }: Spoken): string | undefined {
  const { plan } = answer as { plan?: { facts: { database?: { migrations?: { verdict: string } } } } };
  return plan?.facts.database?.migrations?.verdict;
}

export function absentRootsOf(spoken: Spoken): readonly string[] {
  const { backup } = spoken.answer as {
    backup: {
      manifest: {
        snapshots: readonly { facts: { roots?: readonly { name: string; state: string }[] } }[];
      };
    };
  };
  const roots = backup.manifest.snapshots.flatMap(({ facts }) => facts.roots ?? []);
  return roots.filter(({ state }) => state === 'absent').map(({ name }) => name);
}
