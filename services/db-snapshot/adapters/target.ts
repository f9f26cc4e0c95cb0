import { parseAddress, withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase, type Database } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { planTakeover } from '../domain/names.ts';
import { isSpare, planPivot, planUndo, type Renames } from '../domain/switch.ts';
import type { Target } from '../ports.ts';
import { examineTarget } from './examine-target.ts';
import {
  administratorOf,
  connectMaintenance,
  endSessions,
  listDatabases,
  liveAddress,
  pairNow,
  type TargetHost,
} from './maintenance.ts';
import { enableSchedules } from './schedules.ts';
import { createSide, openSpare } from './side-database.ts';
import { claimSpare, discardSpare, emptySpare } from './spare-database.ts';

export function postgresTarget(host: TargetHost): Target {
  const liveName = (spec: Spec) => parseAddress(liveAddress(spec, host)).database;
  const maintenance = (spec: Spec, signal: AbortSignal) =>
    connectMaintenance(administratorOf(spec, host), signal);
  return {
    liveName,
    spareName: (spec) => pairNow(spec)?.spare,
    examine: (spec, needs, signal) => examineTarget({ spec, needs, host, live: liveName(spec) }, signal),
    async create(spec, place, signal) {
      // A server goes on with CREATE DATABASE when its client is gone: cut off, it would be done after the discard.
      await using server = await maintenance(spec, new AbortController().signal);
      const means = { url: administratorOf(spec, host), host, signal };
      if (place.side === pairNow(spec)?.spare) {
        await claimSpare({ server, url: means.url, name: place.side }, place.prefix, signal);
        return await openSpare(server, place, means);
      }
      await dropAll(server, planTakeover(place, (await listDatabases(server)).keys()));
      signal.throwIfAborted();
      return await createSide(server, place, means);
    },
    async pivot(spec, staged, signal) {
      await using server = await maintenance(spec, signal);
      const plan = planPivot(staged, await listDatabases(server));
      return await rename(server, plan, [allow(staged.live, true)], signal);
    },
    async undo(spec, staged, signal) {
      await using server = await maintenance(spec, signal);
      if (isSpare(staged)) return await shut(server, staged.live, signal);
      // The old database stays closed: files and configuration are still the new ones, and `open` comes after them.
      const plan = planUndo(staged, await listDatabases(server));
      return await rename(server, plan, [], signal);
    },
    async discard(spec, prefix, signal) {
      await using server = await maintenance(spec, signal);
      const name = pairNow(spec)?.spare;
      if (name !== undefined) {
        const emptied = await discardSpare(
          { server, url: administratorOf(spec, host), name },
          prefix,
          signal,
        );
        return emptied ? [name] : [];
      }
      const present = [...(await listDatabases(server)).keys()];
      return await dropAll(
        server,
        present.filter((name) => name.startsWith(prefix)),
      );
    },
    async drop(spec, names, signal) {
      await using server = await maintenance(spec, signal);
      const present = await listDatabases(server);
      const pair = pairNow(spec);
      if (pair !== undefined) {
        const [name] = names.filter((each) => each === pair.spare && present.has(each));
        if (name === undefined) return [];
        await emptySpare({ server, url: administratorOf(spec, host), name }, signal);
        return [name];
      }
      return await dropAll(
        server,
        names.filter((name) => present.has(name)),
      );
    },
    async enableSchedules(spec, names, signal) {
      await using database = await connectDatabase(
        withDatabase(administratorOf(spec, host), liveName(spec)),
        { signal },
      );
      return await enableSchedules(database, names);
    },
    async close(spec, signal) {
      await using server = await maintenance(spec, signal);
      const spare = pairNow(spec)?.spare;
      if (spare !== undefined) await shut(server, spare, signal);
      const live = liveName(spec);
      const takes = await takesConnections(server, live);
      if (takes === undefined) return undefined;
      if (takes) await server.run(allow(live, false));
      return await endSessions(server, live, signal);
    },
    async open(spec, signal) {
      await using server = await maintenance(spec, signal);
      const live = liveName(spec);
      const takes = await takesConnections(server, live);
      // What was never closed must open whatever the role may do: undoing would never end.
      if (takes === false) await server.run(allow(live, true));
      return takes !== undefined;
    },
  };
}

/** One transaction: a crash leaves all names or none. */
async function rename(
  server: Database,
  { renames }: Renames,
  last: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (const { from } of renames) {
    await server.run(allow(from, false));
    await endSessions(server, from, signal);
  }
  const steps = renames.map(({ from, to }) => `ALTER DATABASE ${quoteName(from)} RENAME TO ${quoteName(to)}`);
  const statements = [...steps, ...last];
  if (statements.length > 0) await server.run(['BEGIN', ...statements, 'COMMIT'].join('; '));
  return renames.map(({ from, to }) => `${from} → ${to}`);
}

/** Takes no connection any more, and has none. */
async function shut(server: Database, name: string, signal: AbortSignal): Promise<readonly string[]> {
  await server.run(allow(name, false));
  await endSessions(server, name, signal);
  return [name];
}

function allow(name: string, connections: boolean): string {
  return `ALTER DATABASE ${quoteName(name)} ALLOW_CONNECTIONS ${connections}`;
}

/** Undefined when there is no such database. */
async function takesConnections(server: Database, name: string): Promise<boolean | undefined> {
  const [row] = await server.query<{ takes: boolean }>(
    'SELECT datallowconn AS takes FROM pg_database WHERE datname = $1',
    [name],
  );
  return row?.takes;
}

async function dropAll(server: Database, names: readonly string[]): Promise<readonly string[]> {
  for (const name of names) await server.run(`DROP DATABASE ${quoteName(name)} WITH (FORCE)`);
  return names;
}
