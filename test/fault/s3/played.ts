import { createHash } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { SnapshotId } from '#libs/kernel/ids.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import type { Snapshot, StreamRef } from '#libs/repository/port.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { seededOrder } from '../pivot/seeded.ts';

/** A piece is shared by two streams, so that chunks are used again while their pack may not be there yet. */
const STREAMS = 4;
const PIECE_BYTES_MAX = 400_000;
const NOTES = 10;
const RACES = 6;
const CONTENDERS = 3;

export interface Script {
  /** By name. */
  readonly streams: ReadonlyMap<string, Buffer>;
  readonly notes: ReadonlyMap<string, Buffer>;
  readonly keys: { readonly identity: Secret; readonly recovery: Secret };
}

/** What was said to be so, once the script had ended. */
export interface Said {
  readonly snapshotDigest: string;
  readonly packs: readonly string[];
  /** What was read and listed on the way and was other than it must be. */
  readonly falsely: readonly string[];
}

type Random = ReturnType<typeof seededOrder>;

export function writeScript(random: Random, keys: Script['keys']): Script {
  const shared = bytesFrom(random, PIECE_BYTES_MAX);
  const streams = Array.from({ length: STREAMS }, (_, n) => {
    const own = bytesFrom(random, random.fraction() * PIECE_BYTES_MAX);
    return [`stream-${n}`, n < 2 ? Buffer.concat([shared, own]) : own] as const;
  });
  const notes = Array.from({ length: NOTES }, (_, n) => [`notes/${n}`, bytesFrom(random, 40 + n)] as const);
  return { streams: new Map([...streams, ['empty', Buffer.alloc(0)]]), notes: new Map(notes), keys };
}

/**
 * A repository is made, streams are written, a snapshot is put, all of it is read again, names are raced for, and
 * objects are listed and deleted. Throws what the store did; played once more it goes on with what is there.
 */
export async function play(store: ObjectStore, script: Script, again: boolean): Promise<Said> {
  const falsely: string[] = [];
  await create(store, script, again);
  await store.probe();
  const repository = await openRepository({ store, identity: script.keys.identity });
  await using writer = repository.writer();
  const names = [...script.streams.keys()];
  const refs = await allOf(names.map(async (name) => await writer.writeStream([script.streams.get(name)!])));
  const { packs } = await writer.flush();
  const streams = Object.fromEntries(names.map((name, n) => [name, refs[n]!] as const));
  const { digest } = await repository
    .putSnapshot(snapshotOf(streams, packs))
    .catch(async (thrown: unknown) => {
      // Its packs may be others than those of the try before, whose snapshot had arrived: that one counts.
      if (!again || HoldfastError.from(thrown).code !== 'OBJECT_EXISTS') throw thrown;
      return {
        digest: createHash('sha256')
          .update(await store.get(SNAPSHOT_OBJECT))
          .digest('hex'),
      };
    });
  const reader = await openRepository({ store, identity: script.keys.identity });
  for (const name of await unlike(reader, script, digest)) falsely.push(`${name} was read as other bytes`);
  falsely.push(...(await notes(store, script)), ...(await races(store, script)));
  return { snapshotDigest: digest, packs, falsely };
}

const WHERE = { deployment: 'records', component: 'files', id: '20260101T000000Z-00000000-files' } as const;
const SNAPSHOT_OBJECT = `snapshots/${WHERE.deployment}/${WHERE.component}/${WHERE.id}`;

function snapshotOf(streams: Readonly<Record<string, StreamRef>>, packs: readonly string[]): Snapshot {
  return {
    ...WHERE,
    id: WHERE.id as SnapshotId,
    runId: '0'.repeat(32),
    takenAt: '',
    mark: '',
    facts: {},
    streams,
    packs,
  };
}

async function create(store: ObjectStore, { keys }: Script, again: boolean): Promise<void> {
  await createRepository({ store, ...keys }).catch((thrown: unknown) => {
    if (!again || HoldfastError.from(thrown).code !== 'OBJECT_EXISTS') throw thrown;
  });
}

/** Names of streams that come back as other bytes than went in. */
export async function unlike(
  repository: Awaited<ReturnType<typeof openRepository>>,
  script: Script,
  digest: string,
): Promise<readonly string[]> {
  const { streams } = await repository.readSnapshot({ ...WHERE, digest });
  const wrong: string[] = [];
  for (const [name, bytes] of script.streams) {
    const ref = streams[name];
    const read = ref === undefined ? [] : await Array.fromAsync(repository.read(ref));
    if (ref === undefined || !Buffer.concat(read).equals(bytes)) wrong.push(name);
  }
  return wrong;
}

/** Many small objects, all at once: put, read, looked at and listed. */
async function notes(store: ObjectStore, script: Script): Promise<readonly string[]> {
  const falsely: string[] = [];
  await allOf(
    [...script.notes].map(async ([name, bytes]) => {
      await store.put(name, bytes, { createOnly: false });
      const { length } = bytes;
      const range = { start: length >> 2, end: length >> 1 };
      if (!(await store.get(name)).equals(bytes)) falsely.push(`${name} was read as other bytes`);
      const part = await store.get(name, { range });
      if (!part.equals(bytes.subarray(range.start, range.end)))
        falsely.push(`${name} was read in part as other bytes`);
      const head = await store.head(name);
      if (head?.bytes !== length) falsely.push(`${name} was said to have ${head?.bytes} bytes`);
    }),
  );
  const listed = await Array.fromAsync(store.list('notes/'));
  const there = [...script.notes].map(([name, { length }]) => `${name} ${length}`).toSorted();
  if (
    listed
      .map(({ name, bytes }) => `${name} ${bytes}`)
      .toSorted()
      .join() !== there.join()
  )
    falsely.push(`${listed.length} of ${there.length} notes were listed`);
  return falsely;
}

/** Several want a name: one may be told that it has it, and its bytes must be there. Then it is deleted, and free again. */
async function races(store: ObjectStore, { streams }: Script): Promise<readonly string[]> {
  const falsely: string[] = [];
  const seed = createHash('sha256').update(streams.get('stream-0')!).digest('hex');
  await allOf(
    Array.from({ length: RACES }, async (_, n) => {
      const name = `race/${n}`;
      await store.delete(name);
      if ((await store.head(name)) !== undefined) falsely.push(`${name} was said to be deleted`);
      const outcomes = await Promise.allSettled(
        Array.from({ length: CONTENDERS }, (_none, who) =>
          store.put(name, Buffer.from(`${seed} ${who}`), { createOnly: true }),
        ),
      );
      for (const outcome of outcomes)
        if (outcome.status === 'rejected' && HoldfastError.from(outcome.reason).code !== 'OBJECT_EXISTS')
          throw outcome.reason;
      const winners = outcomes.flatMap(({ status }, who) =>
        status === 'fulfilled' ? [`${seed} ${who}`] : [],
      );
      const kept = (await store.get(name)).toString();
      if (winners.join() !== kept)
        falsely.push(`${name} was won by ${winners.length}, and is of ${kept.slice(-1)}`);
    }),
  );
  return falsely;
}

/** All have ended when it ends: nothing of a failed try goes on beside the next one. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

function bytesFrom(random: Random, length: number): Buffer {
  const seed = String(random.fraction());
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, n) =>
    createHash('sha256').update(`${seed} ${n}`).digest(),
  );
  return Buffer.concat(blocks, Math.floor(length));
}
