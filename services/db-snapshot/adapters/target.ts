import { parseAddress, withDatabase } from '#libs/postgres/address.ts';
import type { Database } from '#libs/postgres/connect.ts';
import { quoteName } from '#libs/postgres/quote.ts';
import type { StagedDatabase } from '#libs/contracts/requests.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { latestOf, planTakeover } from '../domain/names.ts';
import { isSpare, nameOfStaged, ownPlace, planPivot, planUndo, type Renames } from '../domain/switch.ts';
import type { Acting, Target } from '../ports.ts';
import { examineTarget } from './examine-target.ts';
import {
  administratorOf,
  endSessions,
  listDatabases,
  liveAddress,
  pairNow,
  type TargetHost,
} from './maintenance.ts';
import { enter, enterMaintenance } from './own-session.ts';
import { enableSchedules } from './schedules.ts';
import { createSide, openSide } from './side-database.ts';
import { giveComment, isBegun, type StagePlace } from './stage-comment.ts';
import { removeArchives } from './structure.ts';
import { claimSpare, discardSpare, emptySpare } from './spare-database.ts';

export function postgresTarget(host: TargetHost): Target {
  const liveName = (spec: Spec) => parseAddress(liveAddress(spec, host)).database;
  const maintenance = (spec: Spec, acting: Acting) => enterMaintenance(administratorOf(spec, host), acting);
  const placeOf = (spec: Spec, server: Database, name: string, acting: Acting): StagePlace => ({
    server,
    name,
    enter: () => enter(withDatabase(administratorOf(spec, host), name), acting),
  });
  return {
    liveName,
    spareName: (spec) => pairNow(spec)?.spare,
    examine: (spec, needs, signal) => examineTarget({ spec, needs, host, live: liveName(spec) }, signal),
    async create(spec, place, acting) {
      // A server goes on with CREATE DATABASE when its client is gone: cut off, it would be done after the discard.
      await using server = await maintenance(spec, { ...acting, signal: new AbortController().signal });
      const means = { url: administratorOf(spec, host), host, acting };
      if (place.side === pairNow(spec)?.spare) {
        await claimSpare(placeOf(spec, server, place.side, acting), place.prefix, acting.signal);
        return await openSide(server, place, means);
      }
      const earlier = planTakeover(place, (await listDatabases(server)).keys());
      const begun = latestOf(place.prefix, earlier);
      if (begun !== undefined && (await isBegun(placeOf(spec, server, begun, acting), place.prefix))) {
        await dropAll(
          server,
          earlier.filter((name) => name !== begun),
        );
        if (begun !== place.side)
          await rename(
            server,
            { renames: [{ from: begun, to: place.side }] },
            [allow(place.side, true)],
            acting.signal,
          );
        return await openSide(server, place, means);
      }
      await dropAll(server, earlier);
      acting.signal.throwIfAborted();
      return await createSide(server, place, means);
    },
    async pivot(spec, staged, acting) {
      await using server = await maintenance(spec, acting);
      const taken = await takeSide(server, staged, acting, (name) => placeOf(spec, server, name, acting));
      const plan = planPivot(taken, await listDatabases(server));
      return await rename(server, plan, [allow(staged.live, true)], acting.signal);
    },
    async undo(spec, staged, acting) {
      await using server = await maintenance(spec, acting);
      if (isSpare(staged)) return await shut(server, staged.live, acting.signal);
      // The old database stays closed: files and configuration are still the new ones, and `open` comes after them.
      const { side } = ownPlace(staged, acting.token);
      const plan = planUndo({ ...staged, side }, await listDatabases(server));
      return await rename(server, plan, [], acting.signal);
    },
    async discard(spec, prefix, acting) {
      await using server = await maintenance(spec, acting);
      await removeArchives(acting.token);
      const name = pairNow(spec)?.spare;
      if (name !== undefined) {
        const place = placeOf(spec, server, name, acting);
        return (await discardSpare(place, prefix, acting.signal)) ? [name] : [];
      }
      const present = [...(await listDatabases(server)).keys()];
      return await dropAll(
        server,
        present.filter((name) => name.startsWith(prefix)),
      );
    },
    async drop(spec, { names, prefixes }, acting) {
      await using server = await maintenance(spec, acting);
      const present = [...(await listDatabases(server)).keys()];
      const pair = pairNow(spec);
      if (pair !== undefined) {
        const name = present.find((each) => each === pair.spare && names.includes(each));
        if (name === undefined) return [];
        await emptySpare(placeOf(spec, server, name, acting), acting.signal);
        return [name];
      }
      return await dropAll(
        server,
        present.filter((name) => names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix))),
      );
    },
    async enableSchedules(spec, names, acting) {
      await using database = await enter(withDatabase(administratorOf(spec, host), liveName(spec)), acting);
      return await enableSchedules(database, names);
    },
    async close(spec, acting) {
      await using server = await maintenance(spec, acting);
      const spare = pairNow(spec)?.spare;
      if (spare !== undefined) await shut(server, spare, acting.signal);
      const live = liveName(spec);
      const takes = await takesConnections(server, live);
      if (takes === undefined) return undefined;
      if (takes) await server.run(allow(live, false));
      return await endSessions(server, live, acting.signal);
    },
    async open(spec, acting) {
      await using server = await maintenance(spec, acting);
      const live = liveName(spec);
      const takes = await takesConnections(server, live);
      // What was never closed must open whatever the role may do: undoing would never end.
      if (takes === false) await server.run(allow(live, true));
      return takes !== undefined;
    },
  };
}

/** The staged database, with its own comment and under the token of who acts: whoever had it has no such name to switch. */
async function takeSide(
  server: Database,
  staged: StagedDatabase,
  { token, signal }: Acting,
  placeOf: (name: string) => StagePlace,
) {
  const present = await listDatabases(server);
  const found = nameOfStaged(staged, present);
  if (found === undefined || found === staged.live) return staged;
  const place = ownPlace(staged, token);
  planTakeover(place, [found]);
  const { side, prefix } = place;
  // Whoever closed it for the switch had given the comment before.
  if ((await takesConnections(server, found)) === true)
    await giveComment(placeOf(found), prefix, staged.comment);
  if (found !== side) await rename(server, { renames: [{ from: found, to: side }] }, [], signal);
  return { ...staged, side };
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
