import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { ChunkIndex } from './chunk-index.ts';
import { cleanRepository } from './cleaning/clean.ts';
import { CondemnedLists } from './cleaning/lists.ts';
import { gearTable } from './chunker.ts';
import { hmac, signBytes, verifyBytes, type RepositoryKeys } from './keys.ts';
import { lastingPacks } from './lasting-packs.ts';
import { readWhileThere } from './packs-there.ts';
import { neededChunks } from './needed-chunks.ts';
import type { Repository } from './port.ts';
import { readStream, requirePlace } from './reader.ts';
import { openFor, sealFor } from './sealed-object.ts';
import { putSnapshot, readSnapshot } from './snapshots.ts';
import { verifyPack } from './verify-pack.ts';
import { PackWriter } from './writer.ts';

/** The port over a store and keys that were proved to belong together. */
export function composeRepository(parts: {
  store: ObjectStore;
  keys: RepositoryKeys;
  id: string;
  /** Keys with more epochs than these, when there are some. */
  findNewer?: () => Promise<RepositoryKeys | undefined>;
}): Repository {
  const { store, id, findNewer } = parts;
  /** Grows with the ring; who must not mix two epochs takes a copy. */
  const keys = { ...parts.keys };
  const index = new ChunkIndex(store, keys);
  const lists = new CondemnedLists(store, keys);
  const gear = gearTable(keys.gear);
  const repository: Repository = {
    id,
    refresh: async () => void Object.assign(keys, await findNewer?.()),
    writer: () => new PackWriter({ store, keys: { ...keys }, gear, index, lists }),
    read: (ref, options) => readStream({ store, keys, index }, ref, options),
    putSnapshot: (snapshot, { signal } = {}) => putSnapshot({ store, keys }, snapshot, signal),
    readSnapshot: (where, { signal } = {}) => readSnapshot({ store, keys }, where, signal),
    verifyPack: (name, options) => verifyPack({ store, keys }, name, options),
    rebuildIndex: ({ signal } = {}) => index.rebuild(signal),
    seal: (purpose, plain) => sealFor(keys, valuePurpose(purpose), plain),
    open(purpose, sealed) {
      const plain = openFor(keys, valuePurpose(purpose), sealed);
      if (plain === undefined) throw new HoldfastError('VALUE_FOREIGN', { purpose });
      return plain;
    },
    mac: (purpose, data) => hmac(keys.mac, purpose, Uint8Array.of(0), data).toString('hex'),
    sign: (bytes) => signBytes(keys, bytes),
    verifySignature: (bytes, signature) => verifyBytes(keys, bytes, signature),
    async neededPacks(snapshot, options) {
      const read = async () => {
        const packs = new Set<string>();
        for await (const ids of neededChunks(repository, snapshot, options))
          for (const id of ids) packs.add((await requirePlace(index, id)).pack);
        return { packs };
      };
      return (await readWhileThere({ store, index }, read, options?.signal)).packs;
    },
    async lastingPacks({ signal }) {
      const { fresh, reading } = readAnew();
      const { condemned } = await lists.newest(signal);
      const packs = new Set([...condemned.keys()].map((name) => name.slice(name.lastIndexOf('/') + 1)));
      return (snapshot) => lastingPacks({ repository: reading, index: fresh }, packs, snapshot, signal);
    },
    clean(world, options) {
      const { fresh, reading } = readAnew();
      const parts = { store, keys: { ...keys }, index: fresh, lists, repository: reading };
      return cleanRepository(parts, world, options);
    },
  };
  /** What a process learned long ago about a pack is no reason to delete one, or to rely on it. */
  const readAnew = () => {
    const fresh = new ChunkIndex(store, keys);
    const reading: Repository = {
      ...repository,
      read: (ref, asked) => readStream({ store, keys, index: fresh }, ref, asked),
    };
    return { fresh, reading };
  };
  return repository;
}

/** Apart from snapshots and indexes, whatever name a caller gives. */
function valuePurpose(purpose: string): string {
  return `value:${purpose}`;
}
