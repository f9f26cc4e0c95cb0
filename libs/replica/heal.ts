import type { Manifest } from '#libs/contracts/manifest.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { packObject } from '#libs/repository/pack.ts';
import type { Repository } from '#libs/repository/port.ts';
import { findBytes, putFirst, signalOption } from '#libs/store/objects.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { letGo } from './condemned.ts';
import type { Damage } from './find-damage.ts';
import { fitsInLog, isLogEntry } from './log-links.ts';
import {
  citationsOf,
  damageCode,
  proveObject,
  readManifest,
  type Citations,
  type VerifySignature,
} from './prove.ts';

export interface HealDeps {
  readonly store: ObjectStore;
  /** Where a sound copy may be. */
  readonly other: ObjectStore;
  readonly verify: VerifySignature;
  readonly signal?: AbortSignal | undefined;
}

export interface Healed {
  readonly healed: readonly string[];
  /** Those of the objects that are not sound now. */
  readonly unhealed: readonly Damage[];
}

/**
 * Replaces objects that are damaged or missing by the bytes of their copies, where these are proved: a pack and an index
 * object by its name, a snapshot and a declaration by the manifest that cites it, a manifest by its signature, an entry
 * of a log by the one after it. The one case in which an object is overwritten, with the only bytes it may have.
 */
export async function healObjects(names: readonly string[], deps: HealDeps): Promise<Healed> {
  const citations = await readCitations(names, deps);
  const gone = names.length === 0 ? new Set<string>() : await letGo(deps);
  const healed: string[] = [];
  const unhealed: Damage[] = [];
  // Of two entries of a log that do not fit the later one is looked at first: it says what the other must be.
  for (const name of names.toSorted().toReversed()) {
    deps.signal?.throwIfAborted();
    const reason = await healOne(name, citations, { ...deps, gone });
    if (reason === 'healed') healed.push(name);
    else if (reason !== 'sound') unhealed.push({ code: damageCode(name), object: name, reason });
  }
  return { healed, unhealed };
}

async function healOne(
  name: string,
  citations: Citations,
  deps: HealDeps & { readonly gone: ReadonlySet<string> },
): Promise<string> {
  const { store, other, signal } = deps;
  const own = await findBytes(store, name, signalOption(signal));
  if (own !== undefined && (await isSound(name, own, citations, deps))) return 'sound';
  // Let go by a cleaning: it must not come back.
  if (own === undefined && deps.gone.has(name)) return 'sound';
  const copy = await findBytes(other, name, signalOption(signal));
  if (copy === undefined) return 'there is no copy';
  if (!(await isSound(name, copy, citations, deps))) return 'nothing proves its copy';
  if (own === undefined) await putFirst(store, name, copy, signal);
  else await store.put(name, copy, { createOnly: false, ...signalOption(signal) });
  return 'healed';
}

async function isSound(name: string, bytes: Buffer, citations: Citations, deps: HealDeps): Promise<boolean> {
  if (isLogEntry(name)) return await fitsInLog(deps.store, name, bytes, deps);
  return proveObject(name, bytes, { verify: deps.verify, citations }) === 'sound';
}

/** By the sound manifests of both stores, of the deployments that the names speak of. */
async function readCitations(
  names: readonly string[],
  { store, other, verify, signal }: HealDeps,
): Promise<Citations> {
  const speaking = names.flatMap((name) => /^(?:snapshots|deployments)\/([^/]+)\//.exec(name)?.[1] ?? []);
  const manifests: Manifest[] = [];
  for (const deployment of new Set(speaking))
    for (const each of [store, other])
      for await (const { name } of each.list(`backups/${deployment}/`, signalOption(signal))) {
        const bytes = await findBytes(each, name, signalOption(signal));
        const manifest = bytes === undefined ? undefined : readManifest(name, bytes, verify);
        if (manifest !== undefined) manifests.push(manifest);
      }
  return citationsOf(manifests);
}

/** The backups, as `deployment/id`, that need one of the objects. */
export async function harmedBackups(
  objects: readonly string[],
  {
    store,
    verify,
    repository,
    signal,
  }: Pick<HealDeps, 'store' | 'verify' | 'signal'> & {
    readonly repository: Pick<Repository, 'readSnapshot' | 'neededPacks'>;
  },
): Promise<readonly string[]> {
  const lost = new Set(objects);
  const harmed = new Set<string>();
  for (const object of objects) {
    const [, deployment, id] = /^backups\/([^/]+)\/([^/]+)\.json$/.exec(object) ?? [];
    if (deployment !== undefined) harmed.add(`${deployment}/${id}`);
  }
  for await (const { name } of store.list('backups/', signalOption(signal))) {
    const bytes = await findBytes(store, name, signalOption(signal));
    const manifest = bytes === undefined ? undefined : readManifest(name, bytes, verify);
    if (manifest !== undefined && (await needsAny(manifest, lost, repository, signal)))
      harmed.add(`${manifest.deployment}/${manifest.backupId}`);
  }
  return [...harmed].toSorted();
}

/** Of what it needs now: packs may have been written again since. What cannot be read is harmed as well. */
async function needsAny(
  { deployment, snapshots }: Manifest,
  lost: ReadonlySet<string>,
  repository: Pick<Repository, 'readSnapshot' | 'neededPacks'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    for (const { component, id, digest } of snapshots) {
      const where = { deployment, component, id, digest };
      const snapshot = await repository.readSnapshot(where, signalOption(signal));
      const packs = await repository.neededPacks(snapshot, signalOption(signal));
      if ([...packs].some((pack) => lost.has(packObject(pack)))) return true;
    }
    return false;
  } catch (thrown) {
    if (HoldfastError.from(thrown).entry.retry !== 'corrupt') throw thrown;
    return true;
  }
}
