import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Secret } from '#libs/kernel/secret.ts';
import { beginEpoch } from '#libs/repository/change-recipients.ts';
import { createRepository, findRepository, newIdentity, openRepository } from '#libs/repository/open.ts';
import { diskStore } from '#libs/store/disk.ts';
import { memoryStore } from '#libs/store/memory.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { COMPONENTS } from '#libs/contracts/sites.ts';
import { seededOrder } from './pivot/seeded.ts';
import { cleanOnce, forget } from './repository-crash/cleaning.ts';
import { harmIndex, replicateTo, scrubAndHeal } from './repository-crash/second-store.ts';
import { dyingStore, Killed, type Death } from './repository-crash/dying-store.ts';
import { bytesFrom, namesBelow, writeBackup, type KeptBackup } from './repository-damage/kept-backups.ts';
import { comesBack, namedHarmed } from './repository-damage/look.ts';

export interface CrashReport {
  readonly suite: 'repository-crash';
  readonly seed: number;
  /** Stops: before and after each operation of each kind of work, on each store. */
  readonly cases: number;
  /** Store operations of each kind of work. */
  readonly operations: Readonly<Record<string, number>>;
  /** Cases after which a committed backup did not come back whole, or the work could not be done again. */
  readonly harmed: number;
  readonly faults: readonly { readonly case: string; readonly found: string }[];
}

/** Each has a store of its own, and waits for a disk most of the time. */
const AT_ONCE = 8;
/** So many that the last of them merges index objects. */
const BACKUPS_BEFORE = 2;
const DEPLOYMENT = 'records';
/** When a backup is forgotten, less than half of its packs is needed by others. */
const STREAM_BYTES = { shared: 4000, own: 9000 };
const STORES = { memory: async () => memoryStore(), disk: async (folder: string) => diskStore(folder) };

interface Keys {
  readonly identity: Secret;
  readonly recovery: Secret;
}

/** What is stopped, on a copy of what was there before it; returns what must come back if it was committed. */
interface Work {
  readonly before: 'nothing' | 'backups';
  /** What was done before it, beside that. */
  readonly prepare?: (store: ObjectStore) => Promise<void>;
  /** The first backup has its tombstone then. */
  readonly forgets?: true;
  /** The log tells of backups whose manifest is not copied yet. */
  readonly isCopy?: true;
  readonly run: (store: ObjectStore, keys: Keys) => Promise<KeptBackup | undefined>;
}

/** A process is stopped before and after every operation on its store; what comes after it finds all that was committed. */
export async function repositoryCrash(wish: {
  readonly seed: number;
  readonly parts: readonly string[];
  readonly onNote: (text: string) => void;
}): Promise<CrashReport> {
  const { seed, parts, onNote } = wish;
  const random = seededOrder(seed);
  const keys = { identity: await newIdentity(), recovery: await newIdentity() };
  const contents = () =>
    new Map(
      COMPONENTS.flatMap((component) =>
        Object.entries(STREAM_BYTES).map(
          ([name, bytes]) => [`${component}/${name}`, bytesFrom(random, bytes)] as const,
        ),
      ),
    );
  const kept: KeptBackup[] = [];
  const base = memoryStore();
  await createRepository({ store: base, ...keys });
  const shared = contents();
  for (let n = 0; n < BACKUPS_BEFORE; n += 1) {
    const own = new Map([...contents(), ...[...shared].filter(([name]) => name.endsWith('shared'))]);
    kept.push(await write(base, keys, n, own));
  }
  const last = new Map([...contents(), ...[...shared].filter(([name]) => name.endsWith('shared'))]);
  const works: Readonly<Record<string, Work>> = {
    create: {
      before: 'nothing',
      run: async (store) => {
        if ((await findRepository(store)) === undefined) await createRepository({ store, ...keys });
        return undefined;
      },
    },
    backup: { before: 'backups', run: (store) => write(store, keys, BACKUPS_BEFORE, last) },
    replicate: {
      before: 'nothing',
      isCopy: true,
      run: async (store) => {
        await replicateTo(store, { store: base, identity: keys.identity, deployments: [DEPLOYMENT] });
        // Manifests are copied in their order: with the last one all of them are there.
        return kept.at(-1);
      },
    },
    scrub: {
      before: 'backups',
      prepare: harmIndex,
      run: async (store) => {
        const stores = { store, identity: keys.identity, deployments: [DEPLOYMENT] };
        const { unhealed } = await scrubAndHeal(base, stores);
        if (unhealed.length > 0) throw new Error(`not healed: ${JSON.stringify(unhealed)}`);
        return undefined;
      },
    },
  };
  const forgetFirst = (store: ObjectStore) => forget(store, DEPLOYMENT, kept[0]!.backupId);
  const clean = async (store: ObjectStore): Promise<undefined> => {
    await cleanOnce(store, keys.identity, DEPLOYMENT);
    return undefined;
  };
  const cleanings: Readonly<Record<string, Work>> = {
    // What only the forgotten one needs is condemned, and what it shares is written again.
    condemn: { before: 'backups', forgets: true, prepare: forgetFirst, run: clean },
    sweep: {
      before: 'backups',
      forgets: true,
      prepare: async (store) => {
        await forgetFirst(store);
        await clean(store);
      },
      run: clean,
    },
    reseal: {
      before: 'backups',
      prepare: async (store) => void (await beginEpoch({ store, identity: keys.identity })),
      run: clean,
    },
    rekey: {
      before: 'backups',
      run: async (store) => {
        await beginEpoch({ store, identity: keys.identity });
        return undefined;
      },
    },
  };
  const operations: Record<string, number> = {};
  const faults: { case: string; found: string }[] = [];
  let cases = 0;
  for (const [what, work] of Object.entries({ ...works, ...cleanings }))
    for (const [kind, open] of Object.entries(STORES)) {
      if (!parts.every((part) => `${what} ${kind}`.includes(part))) continue;
      const fresh = async (folder: string): Promise<ObjectStore> => {
        const store = await open(folder);
        if (work.before === 'backups') await copy(base, store);
        await work.prepare?.(store);
        return store;
      };
      const whole = await inFolder(async (folder) => {
        const counting = dyingStore(await fresh(folder), undefined);
        await work.run(counting, keys);
        return counting.operations();
      });
      operations[`${what} ${kind}`] = whole;
      const deaths = Array.from({ length: whole }, (_, at): readonly Death[] => [
        { at, when: 'before' },
        { at, when: 'after' },
      ]).flat();
      cases += deaths.length;
      const counted = work.forgets === true ? kept.slice(1) : kept;
      const committed = work.before === 'backups' ? counted : [];
      await pLimit(AT_ONCE).map(deaths, async (death) => {
        const found = await inFolder(async (folder) =>
          stopped(await fresh(folder), work, { keys, death, committed }),
        ).catch(String);
        if (found === undefined) return;
        const stop = `${what} ${kind} ${death.when} operation ${death.at}`;
        faults.push({ case: stop, found });
        onNote(`${stop}: ${found}`);
      });
    }
  return { suite: 'repository-crash', seed, cases, operations, harmed: faults.length, faults };
}

async function write(
  store: ObjectStore,
  { identity }: Keys,
  n: number,
  contents: ReadonlyMap<string, Buffer>,
): Promise<KeptBackup> {
  const repository = await openRepository({ store, identity });
  return await writeBackup(
    { store, repository },
    { deployment: DEPLOYMENT, backupId: `20260101T00000${n}Z-0000000${n}`, contents },
  );
}

/** What is wrong; undefined for nothing. */
async function stopped(
  store: ObjectStore,
  work: Work,
  { keys, death, committed }: { keys: Keys; death: Death; committed: readonly KeptBackup[] },
): Promise<string | undefined> {
  const outcome = await work.run(dyingStore(store, death), keys).then(
    () => 'done',
    (thrown: unknown) => (isDeath(thrown) ? 'killed' : String(thrown)),
  );
  if (!['done', 'killed'].includes(outcome)) return `it ended by itself: ${outcome}`;
  const lost = await whatIsLost(store, keys, committed, work);
  if (lost !== undefined) return `afterwards ${lost}`;
  const again = await work.run(store, keys);
  return await whatIsLost(store, keys, again === undefined ? committed : [...committed, again], work);
}

async function whatIsLost(
  store: ObjectStore,
  { identity }: Keys,
  committed: readonly KeptBackup[],
  { isCopy }: Pick<Work, 'isCopy'>,
): Promise<string | undefined> {
  if ((await findRepository(store)) === undefined) return committed.length > 0 ? 'it is gone' : undefined;
  const repository = await openRepository({ store, identity });
  for (const backup of committed)
    if (!(await comesBack(repository, backup))) return `${backup.backupId} does not come back`;
  // Also the one that was under way: if there is a manifest it must be whole.
  const named = [...(await namedHarmed(store, repository))];
  const listed = await namesBelow(store, 'backups/');
  const harmed = named.find((name) => isCopy !== true || listed.includes(`backups/${name}.json`));
  return harmed === undefined ? undefined : `${harmed} is listed, and not whole`;
}

/** As the process was told it, or as its code wrapped it. */
function isDeath(thrown: unknown): boolean {
  return thrown instanceof Killed || (thrown instanceof Error && isDeath(thrown.cause));
}

async function copy(from: ObjectStore, to: ObjectStore): Promise<void> {
  for (const name of await namesBelow(from, ''))
    await to.put(name, await from.get(name), { createOnly: true });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-crash-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
