import childProcess, { execFileSync, type ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { Client } from 'pg';
import type { ObjectStore } from '#libs/store/port.ts';
import type { DbSnapshotPorts, FrozenSource, SideDatabase } from '#services/db-snapshot/ports.ts';
import type { VerifierPorts } from '#services/verifier/ports.ts';
import { WATCHED_TABLES } from './records.ts';
import { tell, type Points } from './stopping.ts';

interface Named {
  readonly name: string;
}

const isWatched = ({ name }: Named) => WATCHED_TABLES.has(name);
/** By what the database's marks call them. */
const slices = new Map<string, string>();

export function watchedStore(store: ObjectStore, points: Points): ObjectStore {
  return {
    ...store,
    async put(name, bytes, options) {
      const [kind = ''] = name.split('/', 1);
      const put = () => store.put(name, bytes, options);
      if (kind === 'index') return await points.around('put of an index', put);
      if (kind !== 'packs') return await put();
      // The room of the bytes is used again once they are there.
      const { length } = bytes;
      await points.around('put of a pack', async () => {
        tell({ kind: 'sending', bytes: length });
        await put();
        tell({ kind: 'sent', bytes: length });
      });
    },
  };
}

export function watchedSnapshots(ports: DbSnapshotPorts, points: Points): DbSnapshotPorts {
  const { source, target, repository } = ports;
  return {
    ...ports,
    source: {
      ...source,
      freeze: async (...given) =>
        watchedSource(await points.around('freeze', () => source.freeze(...given)), points),
    },
    target: {
      ...target,
      create: async (...given) =>
        watchedSide(await points.around('create', () => target.create(...given)), points),
    },
    repository: over(repository, {
      writer() {
        const writer = repository.writer();
        return over(writer, {
          flush: (...given: Parameters<typeof writer.flush>) =>
            points.around('flush', () => writer.flush(...given)),
        });
      },
      putSnapshot: (...given: Parameters<typeof repository.putSnapshot>) =>
        points.around('putSnapshot', () => repository.putSnapshot(...given)),
    }),
  };
}

function watchedSource(source: FrozenSource, points: Points): FrozenSource {
  return over(source, {
    structure: () => points.within('structure', source.structure()),
    reading: <T>(work: Parameters<typeof source.reading<T>>[0]) =>
      source.reading<T>((reader) =>
        work({
          copy: (table, slice, onEnd) =>
            isWatched(table)
              ? points.within(
                  `copy of ${table.name} ${table.slices.indexOf(slice)}`,
                  reader.copy(table, slice, onEnd),
                  slice.bytes,
                )
              : reader.copy(table, slice, onEnd),
          prove: (tables) => {
            const watched = tables.filter(isWatched).map(({ name }) => name);
            return watched.length > 0
              ? points.around(`proof of ${watched.join(', ')}`, () => reader.prove(tables))
              : reader.prove(tables);
          },
        }),
      ),
    async *documents(...given: Parameters<typeof source.documents>) {
      points.pass('before documents');
      yield* source.documents(...given);
      points.pass('after documents');
    },
    sequences: () => points.around('sequences', () => source.sequences()),
    globals: () => points.around('globals', () => source.globals()),
  });
}

function watchedSide(side: SideDatabase, points: Points): SideDatabase {
  return over(side, {
    restoreStructure: (archive: AsyncIterable<Buffer>, onShare: (share: number) => void) =>
      points.around('restoreStructure', () =>
        side.restoreStructure(points.within('structure archive', archive), onShare),
      ),
    load: (table: Parameters<typeof side.load>[0], read: Parameters<typeof side.load>[1]) => {
      for (const n of table.slices.keys()) slices.set(`rows ${table.oid} ${n}`, `${table.name} ${n}`);
      return side.load(table, (slice) => {
        const name = `${table.name} ${table.slices.indexOf(slice)}`;
        tell({ kind: 'read', slice: name });
        const bytes = read(slice);
        return isWatched(table) ? points.within(`load of ${name}`, bytes, slice.bytes) : bytes;
      });
    },
    buildIndexes: (...[table, onShare]: Parameters<typeof side.buildIndexes>) =>
      isWatched(table)
        ? points.around(`indexes of ${table.name}`, () => side.buildIndexes(table, onShare))
        : side.buildIndexes(table, onShare),
    adapt: (...given: Parameters<typeof side.adapt>) => points.around('adapt', () => side.adapt(...given)),
    setSequences: (...given: Parameters<typeof side.setSequences>) =>
      points.around('setSequences', () => side.setSequences(...given)),
    restoreLate: (...given: Parameters<typeof side.restoreLate>) =>
      points.around('restoreLate', () => side.restoreLate(...given)),
    finish: (...given: Parameters<typeof side.finish>) =>
      points.around('finish', () => side.finish(...given)),
  });
}

export function watchedProofs(ports: VerifierPorts, points: Points): VerifierPorts {
  return {
    ...ports,
    databases: {
      async open(...given) {
        const view = await points.around('open', () => ports.databases.open(...given));
        return over(view, {
          tables: () => points.around('list of tables', () => view.tables()),
          prove: (table: Parameters<typeof view.prove>[0]) =>
            isWatched(table)
              ? points.around(`proof of ${table.name}`, () => view.prove(table))
              : view.prove(table),
          sequences: () => points.around('list of sequences', () => view.sequences()),
          orphans: () => points.around('orphans', () => view.orphans()),
        });
      },
    },
  };
}

/** The same but for some members; private ones stay the object's own. */
function over<T extends object>(whole: T, members: Partial<T>): T {
  return new Proxy(whole, {
    get(_, key) {
      const value: unknown = Reflect.get(key in members ? members : whole, key, whole);
      return typeof value === 'function' && !(key in members) ? value.bind(whole) : value;
    },
  });
}

/** What of the service's statements makes, marks, opens, closes or renames something. */
const STATEMENTS: readonly (readonly [RegExp, string])[] = [
  [/^LOCK TABLE/, 'lock of the tables'],
  [/pg_export_snapshot/, 'moment'],
  [/^CREATE DATABASE/, 'CREATE DATABASE'],
  [/CREATE SCHEMA "holdfast_stage"/, 'first mark'],
  [/DROP SCHEMA "holdfast_stage"/, 'end of the restore'],
  [/^ANALYZE/, 'ANALYZE'],
  [/RENAME TO/, 'renames'],
  [/ALLOW_CONNECTIONS true/, 'opening'],
  [/ALLOW_CONNECTIONS false/, 'closing'],
];

export function watchStatements(points: Points): void {
  const query = Reflect.get(Client.prototype, 'query') as (...given: unknown[]) => Promise<unknown>;
  const marked = new WeakMap<Client, string>();
  Client.prototype.query = function watched(this: Client, ...given: unknown[]) {
    const [text, values] = given;
    const act = () => query.apply(this, given);
    if (typeof text !== 'string') return act();
    if (text.startsWith('INSERT INTO "holdfast_stage"')) {
      const [part] = values as [string];
      const slice = slices.get(part);
      if (slice !== undefined) marked.set(this, slice);
      const isNamed = slice === undefined || isWatched({ name: slice.split(' ', 1)[0]! });
      return isNamed ? points.around(`mark of ${slice ?? part}`, act) : act();
    }
    const slice = text === 'COMMIT' ? marked.get(this) : undefined;
    if (slice !== undefined) {
      marked.delete(this);
      const commit = async () => {
        const result = await act();
        tell({ kind: 'loaded', slice });
        return result;
      };
      return isWatched({ name: slice.split(' ', 1)[0]! })
        ? points.around(`commit of ${slice}`, commit)
        : commit();
    }
    const name = STATEMENTS.find(([pattern]) => pattern.test(text))?.[1];
    return name === undefined ? act() : points.around(name, act);
  } as typeof Client.prototype.query;
}

/** Programs that write into a database; modules that start them do so through this. */
export function watchPrograms(points: Points): void {
  const { spawn } = childProcess;
  childProcess.spawn = ((file: string, given: readonly string[], ...rest: unknown[]) => {
    const child = (spawn as (...all: unknown[]) => ChildProcess)(file, given, ...rest);
    const name = file.endsWith('/pg_restore') ? whatIsRestored(file, given) : undefined;
    if (name !== undefined) {
      points.pass(`begin of pg_restore of ${name}`);
      child.prependListener('exit', () => points.pass(`end of pg_restore of ${name}`));
    }
    return child;
  }) as typeof childProcess.spawn;
  syncBuiltinESMExports();
}

/** Kinds of what it makes, as it lists them itself. */
function whatIsRestored(file: string, given: readonly string[]): string | undefined {
  if (!given.some((each) => each.startsWith('--dbname='))) return undefined;
  const list = given.find((each) => each.startsWith('--use-list='));
  if (list === undefined) return 'tables and their like';
  const entries = execFileSync(file, ['--list', list, given.find((each) => each.endsWith('/archive'))!], {
    encoding: 'utf8',
  });
  const found = entries.matchAll(/^\d+; \d+ \d+ ([A-Z]+(?: [A-Z]+)*) /gm);
  const kinds = new Set([...found].map(([, kind]) => kind ?? ''));
  return [...kinds].toSorted().join(' and ');
}
