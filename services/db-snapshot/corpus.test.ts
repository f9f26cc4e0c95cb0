import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DatabaseFacts, TableRecord } from '#libs/contracts/database-snapshot.ts';
import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { proveTable } from '#libs/postgres/prove.ts';
import { readSchemaDigests } from '#libs/postgres/schema-digests.ts';
import { readNdjson } from '#libs/repository/ndjson.ts';
import { asOfMajors, rolesOf, wholeOf, wholeOfStaged } from './fixtures/compared.ts';
import { hasNeeded, readCorpus } from './fixtures/corpus.ts';
import { openServers, type TestServer } from './fixtures/servers.ts';
import { openWorld, type World } from './fixtures/world.ts';

const groups = readCorpus();
/** Pairs of majors by the kind that came back in them. */
const cameBack = new Map<string, readonly string[]>();
let servers: Awaited<ReturnType<typeof openServers>>;
before(async () => (servers = await openServers()));
after(() => servers[Symbol.asyncDispose]());

for (const group of groups) {
  const which = group.needs === '' ? group.file : `${group.file} (needs ${group.needs})`;
  test(`P1: every object and value of ${which} comes back as it was, on its own major and each newer one`, async () => {
    const fit = await filterAsync(servers.all, (server) => hasNeeded(group, server));
    const client = servers.all.at(-1)!.bin;
    const pairs: string[] = [];
    for (const source of fit) {
      await using world = await openWorld({ server: source });
      // What it is stands in its first line, and is a comment again.
      for (const { name, statements } of group.kinds)
        await world.sql(`-- ${name}\n${statements.replaceAll(':tag', world.tag)}`);
      const taken = await world.take();
      const portable = await world.take(undefined, { portable: true });
      const was = await wholeOf(world.live, { url: source.url, client });
      for (const [earlier, target] of fit.filter(({ major }) => major >= source.major).entries()) {
        const pair = `${source.major} → ${target.major}`;
        world.moveTo(target);
        const staged = await world.stage(taken, earlier + 1);
        for (const backup of [taken, portable])
          await requireProven(world, backup, { server: target, side: staged.side });
        const is = await wholeOfStaged(staged, { url: target.url, client });
        const same = asOfMajors(source.major, target.major);
        // As paragraphs, so that a difference is shown by itself.
        const [seen, wanted] = [is, was].map(({ schema }) => same(schema).split('\n\n'));
        assert.deepEqual(seen, wanted, `${pair}: schema`);
        assert.deepEqual({ ...is, schema: '' }, { ...was, schema: '' }, pair);
        assert.deepEqual(await rolesOf(world.tag, target.url), await rolesOf(world.tag, source.url), pair);
        pairs.push(pair);
      }
    }
    for (const { name } of group.kinds) {
      assert.ok(!cameBack.has(name), `two kinds are called ${name}`);
      cameBack.set(name, pairs);
    }
  });
}

test('there are as many kinds as promised, and each of them came back from a server', (t) => {
  const everywhere = servers.all.flatMap(({ major: from }) =>
    servers.all.filter(({ major }) => major >= from).map(({ major }) => `${from} → ${major}`),
  );
  t.diagnostic(`servers: ${servers.all.map(({ version }) => version).join(', ')}`);
  const kinds = groups.flatMap((group) => group.kinds.map(({ name }) => name));
  const byPairs = Map.groupBy(kinds, (name) => (cameBack.get(name) ?? []).join(', '));
  t.diagnostic(`${byPairs.get(everywhere.join(', '))?.length} kinds: ${everywhere.join(', ')}`);
  for (const [pairs, names] of byPairs)
    if (pairs !== everywhere.join(', ')) t.diagnostic(`${pairs || 'nowhere'}: ${names.join('; ')}`);
  assert.deepEqual(byPairs.get('') ?? [], []);
  assert.ok(kinds.length >= 80, `${kinds.length} kinds`);
});

/** The source's own counts and hashes against the restored database's, as they are compared before a switch. */
async function requireProven(
  world: World,
  taken: TakeSnapshotOutcome,
  { server, side }: { readonly server: TestServer; readonly side: string },
): Promise<void> {
  const { repository } = world.service.ports;
  const { signal } = new AbortController();
  const { streams, facts } = await repository.readSnapshot(taken.snapshot, { signal });
  await using database = await connectDatabase(withDatabase(server.url, side));
  const { schema, serverMajor } = facts as unknown as DatabaseFacts;
  if (database.serverMajor === serverMajor) assert.deepEqual(await readSchemaDigests(database), schema);
  for await (const table of readNdjson<TableRecord>(repository.read(streams['tables']!, { signal }))) {
    const { algorithm } = table.contentHash;
    const { rows, contentHash } = table;
    assert.deepEqual(await proveTable(database, { ...table, algorithm }), { rows, contentHash }, table.name);
  }
}

async function filterAsync<T>(all: readonly T[], fits: (one: T) => Promise<boolean>): Promise<readonly T[]> {
  const answers = await Promise.all(all.map(fits));
  return all.filter((_, at) => answers[at]);
}
