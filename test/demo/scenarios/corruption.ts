import { join } from 'node:path';
import { sql } from '#test/findings/on-world.ts';
import { describeSystem, observe, observeWhole } from '../judge.ts';
import { judgeOnly, outcomeOf, restoreOnce, takeBackup, together, type Play } from '../theatre.ts';
import { tornPath } from '../spiteful.ts';
import { workInIt } from '../world.ts';

/** The database is damaged after more work was done in it; it alone goes back, and the files of that work are told. */
export const corruption: Play = async (theatre) => {
  const { world, deployment, onNote, seed } = theatre;
  const system = describeSystem(world);
  const before = await observeWhole(world, { name: 'corruption-before', system });
  onNote('holdfast backup');
  const backup = await takeBackup(theatre);
  onNote('more work is done: documents that the backup does not know');
  const later = await workInIt({ ...world, jar: join(world.folder, 'later.jar') }, seed + 1);
  const trees = await observe(world, { name: 'corruption-trees', system, only: 'trees,env' });
  onNote('the disaster: a table is dropped, rows are deleted and overwritten');
  await damageDatabase(theatre.world);
  onNote('holdfast restore --only database');
  const { restore, manualSteps } = await restoreOnce(theatre, 0, deployment, '--only', 'database');
  onNote('the oracle compares: the database with the backup, the files with what they were');
  const oracle = together(
    await judgeOnly(world, {
      name: 'corruption-database',
      system,
      before: before.quiet,
      only: 'database,documents,logins,commands',
    }),
    await judgeOnly(world, { name: 'corruption-files', system, before: trees.file, only: 'trees,env' }),
    await judgeOnly(world, { name: 'corruption-http', system, before: before.http, only: 'http' }),
  );
  const { reconciliation } = outcomeOf(restore) as { reconciliation?: Reconciliation };
  const told = (reconciliation?.examples ?? []).map(tornPath);
  const moving = new Set(world.living.map(({ file_path }) => file_path));
  const filed = (later['documents'] as readonly unknown[]).length;
  return {
    backup,
    restore,
    manualSteps,
    oracle,
    told,
    promises: {
      'files that the lost work wrote are listed':
        reconciliation?.newer.examples.filter((path) => !path.startsWith('storage/index/')).length === filed,
      'the lost window is told':
        reconciliation !== undefined && reconciliation.window.from < reconciliation.window.to,
      'no row lost its file':
        reconciliation?.missing === 0 &&
        reconciliation.different === told.length &&
        told.every((path) => moving.has(path)),
    },
  };
};

interface Reconciliation {
  readonly missing: number;
  readonly different: number;
  readonly examples: readonly string[];
  readonly newer: { readonly examples: readonly string[] };
  readonly window: { readonly from: string; readonly to: string };
}

/** As a bad migration or a slipped statement leaves it; the application keeps running on it. */
export async function damageDatabase(world: Parameters<typeof sql>[0]): Promise<void> {
  await sql(
    world,
    `DROP TABLE document_versions CASCADE;
     DELETE FROM django_session;
     UPDATE documents SET title = 'damaged';`,
  );
}
