import type { Manifest } from '#libs/contracts/manifest.ts';
import { partition } from '#libs/kernel/partition.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { findDescription } from '#libs/repository/description.ts';
import { packObject } from '#libs/repository/pack.ts';
import type { LogEntry } from '#libs/saga/log.ts';
import { findBytes, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import {
  condemnedNow,
  countCondemned,
  deleteCondemned,
  readCondemned,
  type CondemnedList,
} from './condemned.ts';
import { Copier, type LeftOut } from './copier.ts';
import { copyAbout, copyDeployments, copyRuns } from './copy-records.ts';
import { compareListings } from './listings.ts';
import { citationsOf, readManifest, type Citations, type VerifySignature } from './prove.ts';

export interface ReplicaDeps {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly verify: VerifySignature;
  readonly deployments: readonly string[];
  /** Of the store that is copied from. */
  readonly readLog: (deployment: string) => Promise<readonly LogEntry[]>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: { readonly bytes: number; readonly bytesTotal: number }) => void;
}

export interface Replicated {
  readonly copied: number;
  readonly bytes: number;
  readonly deleted: number;
  readonly leftOut: readonly LeftOut[];
}

/** Packs are written anew while their old ones go: then what came meanwhile is copied too. */
const LOOKS_MAX = 8;

/**
 * Makes a second store hold what the first one does. Wherever it stops, the second is a repository whose backups are
 * whole: what a manifest needs lies there before it, and manifests come last of all. All it knows is two listings, so
 * nothing is copied twice. Damage is named and left out, with the backups that need it. Nothing is deleted but what
 * condemned lists name as deleted (FORMAT.md#second-store). Throws REPOSITORY_FOREIGN.
 */
export async function replicate(deps: ReplicaDeps): Promise<Replicated> {
  const { from, to, verify, signal } = deps;
  await requireSameRepository(from, to);
  // Before any listing: what stands in for a pack that a list names was there before the list.
  const cleaned = await readCleaned(deps);
  const manifests = await readNewManifests(deps, cleaned.letGo);
  const { citations } = manifests;
  const copier = new Copier({ ...deps, knowledge: { verify, citations } });
  if (cleaned.damaged !== undefined)
    copier.leaveOut(cleaned.damaged, 'is not whole, or not signed by the repository');
  for (const name of manifests.damaged)
    copier.leaveOut(name, 'is not whole, or not signed by the repository');
  const [slots, lists] = partition(await copier.missing('keys/'), ({ name }) => /^keys\/\d{8}\//.test(name));
  // A list of recipients names a ring that must open by then.
  await copier.copyAll(slots);
  await copier.copyAll(lists);
  if ((await to.head('holdfast.json', signalOption(signal))) === undefined)
    await copier.copy('holdfast.json');
  const packs = await copyPacks(copier);
  const snapshots = await copier.missing('snapshots/');
  await copier.copyAll(snapshots.filter(({ name }) => citations.has(name)));
  // Before the logs that tell of the lists; where something is missing, what it stands in for is still of use.
  const deleted = copier.leftOut.length > 0 ? 0 : await deleteCondemned(cleaned.lists, to, signal);
  const open = await copyDeployments(deps, copier);
  await copier.copyAll(await copier.missing('verdicts/'));
  await copyAbout(deps, copier);
  await copyRuns(copier, open);
  const holds = (pack: string) => packs.has(pack) || cleaned.letGo.has(pack);
  for (const name of manifests.names) await copyManifest(name, { ...deps, copier, holds });
  const { copied, bytes, leftOut } = copier;
  return { copied, bytes, deleted, leftOut };
}

async function requireSameRepository(from: ObjectStore, to: ObjectStore): Promise<void> {
  const [own, other] = [await findDescription(from), await findDescription(to)];
  if (own.state === 'whole' && other.state === 'whole' && own.id !== other.id)
    throw new HoldfastError('REPOSITORY_FOREIGN', { store: to.name });
}

interface Cleaned {
  /** Those that the second store lacks. */
  readonly lists: readonly CondemnedList[];
  /** What they say was deleted, and what may be by now. */
  readonly letGo: ReadonlySet<string>;
  readonly damaged: string | undefined;
}

async function readCleaned({ from, to, verify, signal }: ReplicaDeps): Promise<Cleaned> {
  const look = { store: from, verify, signal };
  const lists: CondemnedList[] = [];
  const first = (await countCondemned(to, signal)) + 1;
  try {
    const letGo = new Set(await condemnedNow(look));
    for await (const list of readCondemned(first, look)) {
      lists.push(list);
      for (const name of list.deleted) letGo.add(name);
    }
    return { lists, letGo, damaged: undefined };
  } catch (thrown) {
    const { code, details } = HoldfastError.from(thrown);
    if (code !== 'OBJECT_DAMAGED') throw thrown;
    return { lists, letGo: new Set(), damaged: String(details['object'] as string) };
  }
}

interface NewManifests {
  readonly names: readonly string[];
  readonly damaged: readonly string[];
  readonly citations: Citations;
}

/** Those that the second store lacks. They are listed before all that they need, so that it is in the later listings. */
async function readNewManifests(
  { from, to, verify, signal }: ReplicaDeps,
  letGo: ReadonlySet<string>,
): Promise<NewManifests> {
  const [names, damaged]: [string[], string[]] = [[], []];
  const citations = new Map<string, string>();
  for await (const { from: own, to: there } of compareListings('backups/', { from, to, signal })) {
    if (own === undefined || there !== undefined || letGo.has(own.name)) continue;
    const bytes = await findBytes(from, own.name, signalOption(signal));
    if (bytes === undefined) continue;
    const manifest = readManifest(own.name, bytes, verify);
    (manifest === undefined ? damaged : names).push(own.name);
    for (const [name, digest] of citationsOf(manifest === undefined ? [] : [manifest]))
      citations.set(name, digest);
  }
  return { names, damaged, citations };
}

/** Packs, then the index, again and again until none went while we looked; all packs that the second store holds now. */
async function copyPacks(copier: Copier): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  const hold = (name: string) => void held.add(name);
  for (let looks = 1; ; looks += 1) {
    const gone = copier.gone;
    await copier.copyAll(await copier.missing('packs/', hold), hold);
    await copier.copyAll(await copier.missing('index/'));
    if (copier.gone === gone) return held;
    if (looks === LOOKS_MAX)
      throw new HoldfastError('STORE_THROTTLED', { reason: 'packs went away while they were copied' });
  }
}

/** Not without all that it needs: a backup that is listed is whole. */
async function copyManifest(
  name: string,
  {
    from,
    to,
    verify,
    signal,
    copier,
    holds,
  }: ReplicaDeps & { readonly copier: Copier; readonly holds: (pack: string) => boolean },
): Promise<void> {
  const bytes = await findBytes(from, name, signalOption(signal));
  const manifest = bytes === undefined ? undefined : readManifest(name, bytes, verify);
  if (manifest === undefined) return;
  const lacks = await findLacking(manifest, { to, holds, signal });
  if (lacks === undefined) await copier.copy(name);
  else copier.leaveOut(name, `needs ${lacks}`, 'OBJECT_MISSING');
}

async function findLacking(
  { deployment, snapshots }: Manifest,
  { to, holds, signal }: Pick<ReplicaDeps, 'to' | 'signal'> & { readonly holds: (pack: string) => boolean },
): Promise<string | undefined> {
  for (const { component, id, packs } of snapshots) {
    const snapshot = `snapshots/${deployment}/${component}/${id}`;
    if ((await to.head(snapshot, signalOption(signal))) === undefined) return snapshot;
    const pack = packs.map(packObject).find((each) => !holds(each));
    if (pack !== undefined) return pack;
  }
  return undefined;
}
