import { randomBytes } from 'node:crypto';
import { takeSnapshotOutcome, type SnapshotRef } from '#libs/contracts/requests.ts';
import { parseSpec, type Spec } from '#libs/contracts/spec.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { withDatabase } from '#libs/postgres/address.ts';
import { connectDatabase } from '#libs/postgres/connect.ts';
import { createRepository } from '#libs/repository/open.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { part, SCHEMA } from './content.ts';
import { openServices } from './services.ts';

export interface KeptBackup {
  readonly backupId: string;
  readonly ref: SnapshotRef;
}

/** A database, two backups of it as it grew, and nothing done since. */
export interface KeptDatabase extends AsyncDisposable {
  readonly spec: Spec;
  readonly store: ObjectStore;
  readonly identity: Secret;
  /** Of the live database. */
  readonly url: Secret;
  readonly pgBin: string;
  /** Its name, with which those of all side databases begin. */
  readonly live: string;
  /** Oldest first. The newer brought packs, and needs those of the older. */
  readonly backups: readonly KeptBackup[];
}

const PARTS = [1, 2];

/** `onTaken` after each backup, with the database as it was taken. */
export async function keepDatabase(
  { server, pgBin }: { readonly server: string; readonly pgBin: string },
  onTaken: (live: { url: Secret; n: number }) => Promise<void> = () => Promise.resolve(),
): Promise<KeptDatabase> {
  await using owned = new AsyncDisposableStack();
  const live = `mutated_${randomBytes(4).toString('hex')}`;
  const administrator = new Secret(server);
  const url = withDatabase(administrator, live);
  await using postgres = await connectDatabase(administrator);
  await postgres.run(`CREATE DATABASE ${live} TEMPLATE template0`);
  owned.defer(async () => {
    await using again = await connectDatabase(administrator);
    await again.run(`DROP DATABASE ${live} WITH (FORCE)`);
  });
  const spec = parseSpec(
    `deployment: mutated\ndatabase: { url: { env: DB_URL }, restoreUrl: { env: DB_URL } }\n`,
  ) as Spec;
  const store = memoryStore();
  const { identity } = await createRepository({ store });
  await using services = await openServices({ spec, store, identity, url, pgBin });
  await using session = await connectDatabase(url);
  await session.run(`SET search_path = public; ${SCHEMA}`);
  const backups: KeptBackup[] = [];
  for (const n of PARTS) {
    await session.run(part(n));
    const taken = takeSnapshotOutcome.parse(await services.run('TakeSnapshot', {}));
    const backupId = `20260101T00000${n}Z-0000000${n}`;
    await services.commit(backupId, taken);
    backups.push({ backupId, ref: taken.snapshot });
    await onTaken({ url, n });
  }
  const stack = owned.move();
  return {
    spec,
    store,
    identity,
    url,
    pgBin,
    live,
    backups,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
