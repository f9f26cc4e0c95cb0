import { basename, join, resolve } from 'node:path';
import { parseSpec, type Spec } from '#libs/contracts/spec.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Input } from './command.ts';
import { componentsOf } from './components.ts';
import type { FrontDoor, RestoreWish } from './front-door.ts';
import { parseTableNames } from './table-names.ts';

/** What the words and options of `holdfast restore` ask for. Throws USAGE, BACKUP_NOT_FOUND. */
export async function wishOf(input: Input, door: FrontDoor, cwd: string): Promise<RestoreWish> {
  const source = input.word(0);
  const wish = {
    deployment: input.text('to') ?? source,
    sourceDeployment: source,
    backupId: input.text('backup') ?? 'latest',
    components: componentsOf(input),
  };
  const folder = input.text('beside');
  const tables = input.list('tables');
  if (tables.length > 0) return ofTables(input, wish, tables);
  for (const option of ['into', 'withReferenced'])
    if (input.text(option) !== undefined || input.flag(option))
      throw new HoldfastError('USAGE', {
        option: option === 'into' ? '--into' : '--with-referenced',
        wanted: '--tables',
      });
  if (folder === undefined) return wish;
  const { specYaml } = await door.getDeployment(wish.deployment);
  const backup = await door.getBackup(source, wish.backupId, wish.components);
  const database = input.text('database') ?? nameOf(backup);
  const relocation = besideOf(parseSpec(specYaml), resolve(cwd, folder), database);
  return { ...wish, backupId: backup.backupId, relocationJson: JSON.stringify(relocation) };
}

/** Some tables in a database of their own: no other part is restored, and none is named twice. */
function ofTables(input: Input, wish: RestoreWish, tables: readonly string[]): RestoreWish {
  for (const option of ['only', 'beside', 'database'])
    if (input.text(option) !== undefined || input.list(option).length > 0)
      throw new HoldfastError('USAGE', { option: `--${option}`, wanted: 'nothing of it with --tables' });
  const names = tables.flatMap(parseTableNames);
  const withReferenced = input.flag('withReferenced');
  const relocation = { database: { name: input.requireText('into'), tables: { names, withReferenced } } };
  return { ...wish, components: ['database'], relocationJson: JSON.stringify(relocation) };
}

/** Everything under one folder, by the names of the roots; env files of one name are told apart by their number. */
function besideOf(spec: Spec, folder: string, database: string) {
  const roots = [...spec.files.roots, ...spec.config.trees].map(({ name }) => [name, join(folder, name)]);
  const taken = new Set<string>();
  const envFiles = spec.config.envFiles.map(({ path }, at) => {
    const name = taken.has(basename(path)) ? join(`env-${at + 1}`, basename(path)) : basename(path);
    taken.add(name);
    return [path, join(folder, name)];
  });
  return {
    database: { name: database },
    roots: Object.fromEntries(roots) as Record<string, string>,
    envFiles: Object.fromEntries(envFiles) as Record<string, string>,
    application: 'leave-alone',
  };
}

/** The live name and the day of the backup: `edms_20261124`. */
function nameOf(backup: Awaited<ReturnType<FrontDoor['getBackup']>>): string {
  const { snapshots, committedAt } = JSON.parse(backup.manifestJson) as {
    snapshots: readonly { component: string; facts: { database?: string } }[];
    committedAt: string;
  };
  const live = snapshots.find(({ component }) => component === 'database')?.facts.database ?? 'restored';
  return `${live}_${committedAt.slice(0, 10).replaceAll('-', '')}`;
}
