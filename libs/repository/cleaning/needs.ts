import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import type { ChunkIndex } from '../chunk-index.ts';
import { neededChunks } from '../needed-chunks.ts';
import { readWhileThere } from '../packs-there.ts';
import type { Component, Repository, Snapshot, StreamRef } from '../port.ts';
import { NeededPlaces } from './needed-places.ts';
import type { DeploymentView } from './port.ts';

export interface NeedsParts {
  readonly store: ObjectStore;
  readonly index: ChunkIndex;
  readonly repository: Pick<Repository, 'read' | 'readSnapshot'>;
}

/** What backups that count, and runs that are open, need of the store. */
export interface Needs {
  readonly places: NeededPlaces;
  /** Snapshots and manifests, by object name. */
  readonly objects: ReadonlySet<string>;
  /** Snapshots that nothing needs, by object name, with the packs they were written with. */
  readonly leftSnapshots: ReadonlyMap<string, readonly string[]>;
}

interface About {
  readonly look: () => Promise<readonly DeploymentView[]>;
  /** As listed. */
  readonly snapshots: readonly string[];
  readonly condemnedPacks: ReadonlySet<string>;
  readonly onRead: () => void;
}

const SNAPSHOT_PATTERN = /^snapshots\/([^/]+)\/([^/]+)\/([^/]+)$/;

/**
 * Reads every snapshot, and every list of files and tables once. Chunks are placed only in packs that are there. Throws
 * CLEANING_UNSAFE with every snapshot of which it cannot be read what it needs.
 */
export async function readNeeds(
  parts: NeedsParts,
  about: About,
  signal: AbortSignal,
): Promise<{ readonly needs: Needs; readonly views: readonly DeploymentView[] }> {
  const read = async () => {
    const counted = await readAsTheyCount(parts, about, signal);
    return { ...counted, packs: counted.needs.places.packs };
  };
  return await readWhileThere(parts, read, signal);
}

/** What cannot be read may have been forgotten meanwhile, and deleted by another cleaning. */
async function readAsTheyCount(parts: NeedsParts, about: About, signal: AbortSignal) {
  let views = await about.look();
  for (;;) {
    const reading = new Reading(parts, about, signal);
    const needs = await reading.read(views);
    if (needs !== undefined) return { needs, views };
    const now = await about.look();
    if (countedIn(now) === countedIn(views)) throw reading.damage();
    views = now;
  }
}

function countedIn(views: readonly DeploymentView[]): string {
  return views
    .flatMap(({ deployment, backups }) => backups.map(({ backupId }) => `${deployment}/${backupId}`))
    .join();
}

class Reading {
  readonly #parts: NeedsParts;
  readonly #about: About;
  readonly #signal: AbortSignal;
  readonly #places: NeededPlaces;
  readonly #objects = new Set<string>();
  readonly #left = new Map<string, readonly string[]>();
  /** Lists that were read, by their digest: most of them are as in the backup before. */
  readonly #lists = new Set<string>();
  readonly #problems: Problem[] = [];

  constructor(parts: NeedsParts, about: About, signal: AbortSignal) {
    this.#parts = parts;
    this.#about = about;
    this.#signal = signal;
    this.#places = new NeededPlaces(parts.index, about.condemnedPacks);
  }

  damage(): HoldfastError {
    const [{ subject: object }] = this.#problems as [Problem];
    return new HoldfastError('CLEANING_UNSAFE', { object }, { problems: this.#problems });
  }

  /** Undefined when something is damaged. */
  async read(views: readonly DeploymentView[]): Promise<Needs | undefined> {
    const { snapshots } = this.#about;
    for (const { deployment, backups } of views)
      for (const { backupId, snapshots: cited } of backups) {
        this.#objects.add(`backups/${deployment}/${backupId}.json`);
        for (const ref of cited) {
          const name = `snapshots/${deployment}/${ref.component}/${ref.id}`;
          this.#objects.add(name);
          await this.#readCited(name, ref.digest);
        }
      }
    if (this.#problems.length > 0) return undefined;
    const openRuns = new Set(views.flatMap((view) => [...view.openRuns]));
    for (const name of snapshots) if (!this.#objects.has(name)) await this.#readUncited(name, openRuns);
    return { places: this.#places, objects: this.#objects, leftSnapshots: this.#left };
  }

  async #readCited(name: string, digest: string): Promise<void> {
    try {
      await this.#add(await this.#parts.repository.readSnapshot({ ...partsOf(name), digest }, this.#options));
    } catch (thrown) {
      const { code, message, remedy } = requireDamage(thrown);
      this.#problems.push(problem(code, name, message, remedy));
    }
  }

  /** Of a run that is still open, or left by one. */
  async #readUncited(name: string, openRuns: ReadonlySet<string>): Promise<void> {
    try {
      const snapshot = await this.#parts.repository.readSnapshot(partsOf(name), this.#options);
      if (!openRuns.has(snapshot.runId)) this.#left.set(name, snapshot.packs);
      else {
        this.#objects.add(name);
        await this.#add(snapshot);
      }
    } catch (thrown) {
      requireDamage(thrown);
      if (!this.#objects.has(name)) this.#left.set(name, []);
    }
  }

  async #add(snapshot: Snapshot): Promise<void> {
    const isKnown = ({ sha256 }: StreamRef) => this.#lists.has(sha256) || !this.#lists.add(sha256);
    const options = { ...this.#options, isKnown };
    for await (const ids of neededChunks(this.#parts.repository, snapshot, options))
      for (const id of ids) await this.#places.add(id);
    this.#about.onRead();
  }

  get #options() {
    return { signal: this.#signal };
  }
}

function partsOf(name: string) {
  const [, deployment = '', component = '', id = ''] = SNAPSHOT_PATTERN.exec(name) ?? [];
  return { deployment, component: component as Component, id };
}

/** Whoever cannot be reached tells nothing. */
function requireDamage(thrown: unknown): HoldfastError {
  const error = HoldfastError.from(thrown);
  if (error.entry.retry !== 'corrupt' && error.code !== 'OBJECT_MISSING') throw error;
  return error;
}
