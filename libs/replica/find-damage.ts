import type { Manifest } from '#libs/contracts/manifest.ts';
import { packObject } from '#libs/repository/pack.ts';
import { committedIds } from '#libs/saga/kept-backups.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { letGo } from './condemned.ts';
import type { LeftOut } from './copier.ts';
import { findBrokenEntries } from './log-links.ts';
import {
  citationsOf,
  damageCode,
  proveObject,
  readManifest,
  type Citing,
  type VerifySignature,
} from './prove.ts';
import type { ReplicaDeps } from './replicate.ts';

/** An object that is not what it must be, or is not there. */
export type Damage = LeftOut;

export interface LookDeps extends Pick<ReplicaDeps, 'deployments' | 'readLog' | 'signal'> {
  readonly store: ObjectStore;
  readonly verify: VerifySignature;
  /** A copy lacks what is not copied yet: there, nothing is told as missing but what its own manifests cite. */
  readonly isCopy: boolean;
  /** What a copy has, and nobody let go, is missing: a pack that took over the chunks of others is named by no manifest. */
  readonly copy?: ObjectStore | undefined;
}

/**
 * Everything but packs that says what it must be: holdfast.json, manifests, the snapshots and declarations they cite,
 * index objects, logs; and which packs manifests need and the store has not. `packs` are those it has.
 */
export async function findDamagedRecords(
  deps: LookDeps,
  packs: ReadonlySet<string>,
): Promise<{ readonly looked: number; readonly damaged: readonly Damage[] }> {
  const { store, copy, signal } = deps;
  const damaged: Damage[] = [];
  const tell = (object: string, reason: string) =>
    void damaged.push({ code: damageCode(object), object, reason });
  const condemned = await letGo(deps, (name) => tell(name, 'is not whole, or not signed by the repository'));
  const manifests = await readManifests(deps, condemned, tell);
  const citations = citationsOf(manifests);
  let looked = manifests.length;
  const look = async (name: string, isListed = false): Promise<void> => {
    const bytes = await findBytes(store, name, signalOption(signal));
    looked += 1;
    // An index object that was merged since it was listed.
    if (bytes === undefined && isListed) return;
    if (bytes === undefined) tell(name, 'is missing');
    else if (proveObject(name, bytes, { verify: deps.verify, citations }) === 'damaged')
      tell(name, 'is not what its name or what cites it demand');
  };
  await look('holdfast.json');
  for (const name of citations.keys()) if (!condemned.has(name)) await look(name);
  for (const prefix of ['keys/recipients/', 'index/'])
    for await (const { name } of store.list(prefix, signalOption(signal))) await look(name, true);
  for (const deployment of deps.deployments)
    for (const name of await findBrokenEntries(store, deployment, { signal }))
      tell(name, 'does not continue the chain');
  const needed = new Set(
    manifests.flatMap(({ snapshots }) => snapshots.flatMap((each) => each.packs)).map(packObject),
  );
  for await (const { name } of copy?.list('packs/', signalOption(signal)) ?? []) needed.add(name);
  for (const name of needed) if (!packs.has(name) && !condemned.has(name)) tell(name, 'is missing');
  return { looked, damaged };
}

/** Without the facts in them: there may be many. A backup that the log has, and no manifest, is told. */
async function readManifests(
  { store, verify, deployments, readLog, isCopy, signal }: LookDeps,
  condemned: ReadonlySet<string>,
  tell: (object: string, reason: string) => void,
): Promise<readonly Citing[]> {
  const found: Citing[] = [];
  const listed = new Set<string>();
  for await (const { name } of store.list('backups/', signalOption(signal))) {
    listed.add(name);
    const bytes = await findBytes(store, name, signalOption(signal));
    if (bytes === undefined) continue;
    const manifest = readManifest(name, bytes, verify);
    if (manifest === undefined) tell(name, 'is not whole, or not signed by the repository');
    else found.push(citedBy(manifest));
  }
  for (const deployment of isCopy ? [] : deployments)
    // A log that does not continue is told by its entries.
    for (const id of committedIds(await readLog(deployment).catch(() => []))) {
      const name = `backups/${deployment}/${id}.json`;
      if (!listed.has(name) && !condemned.has(name)) tell(name, 'is missing');
    }
  return found;
}

function citedBy({ deployment, specVersion, specDigest, snapshots }: Manifest): Citing {
  return {
    deployment,
    specVersion,
    specDigest,
    snapshots: snapshots.map(({ component, id, digest, packs }) => ({ component, id, digest, packs })),
  };
}
