import type { TakeSnapshotOutcome } from '#libs/contracts/requests.ts';
import type { StagePlace } from '#libs/contracts/stage.ts';
import type { StepCommand } from '#libs/contracts/step.ts';
import type { RootFacts, TreeRecord, TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import type { Problem } from '#libs/kernel/errors.ts';
import type { LeftOutEntry } from './left-out.ts';

/** Taking trees and putting them back, for every service that owns some. */
export interface Trees {
  /** What keeps these roots from being taken, all of it; touches nothing. */
  inspect(roots: readonly TreeRoot[]): Promise<readonly Problem[]>;
  /**
   * Walks the roots into a sealed snapshot. May run twice: each gives a snapshot of its own. Throws REFUSED with every
   * problem when a required root is not there, FILE_UNREADABLE with all when `partial` is `refuse` and something could
   * not be read whole.
   */
  take(request: TakeRequest, options: TakeOptions): Promise<TakeSnapshotOutcome>;
  /**
   * Writes the content of the listing beside the old state of each place, durably, with owner (when privileged), mode
   * and times. Older places of the same run are removed; STAGE_GONE when a newer one is there. May run twice, under
   * another name: made afresh.
   * Returns the places that take part: one that was absent in the snapshot and is absent here does not.
   */
  stage(request: StageRequest, options: StageOptions): Promise<readonly NamedPlace[]>;
  /**
   * Old content → kept, new → live, by renames, place by place; goes on from wherever it stopped, and does nothing when
   * it is done. Throws STAGE_GONE, before anything is moved, when a place is gone, was put back or holds what another
   * worker staged, and PLACE_IN_USE when somebody has files of a place open for writing; `again` switches one that was
   * put back once more whoever writes, and lets places be gone: nothing of them was put back.
   * Like `undo`, `discard` and `release` it first takes the places over, from whoever is at them: that one ends with
   * STAGE_GONE before its next change. An abort is heeded between renames; what was begun is gone on with later.
   */
  pivot(
    staged: StagedPlaces,
    options: TakingOptions & { readonly again?: boolean },
  ): Promise<readonly string[]>;
  /** The other way round, from wherever `pivot` or an earlier undo stopped. */
  undo(staged: StagedPlaces, options: TakingOptions): Promise<readonly string[]>;
  /**
   * Removes every place of the run, puts a switch that stopped half-way back first; a completed switch is left as it is,
   * old state included. Removing what is gone is done.
   */
  discard(places: readonly StagePlace[], options: RemovingOptions): Promise<readonly string[]>;
  /** How much is there now, and which old states were kept; reads the content of small files alone, if asked. */
  survey(roots: readonly TreeRoot[], options: SurveyOptions): Promise<readonly LiveRoot[]>;
  /** Removes the places of a finished switch, with what they keep; the live state is not touched. Gone is done. */
  release(staged: StagedPlaces, options: RemovingOptions): Promise<readonly string[]>;
  /** What a restore to these places would meet: tried with files of its own, which are removed again. */
  probe(needs: readonly PlaceNeed[]): Promise<ProbeAnswer>;
}

export interface TakeRequest {
  readonly component: 'files' | 'config';
  readonly command: Pick<StepCommand, 'deployment' | 'runId' | 'step' | 'attempt'>;
  readonly mark: string;
  readonly roots: readonly TreeRoot[];
  readonly partial: 'keep' | 'refuse';
  /** Known to be left out before anything is read. */
  readonly leftOut: readonly LeftOutEntry[];
  /** The snapshot's facts, once everything was read. */
  readonly factsOf: (captured: CapturedFacts) => Promise<object>;
}

export interface CapturedFacts {
  readonly roots: readonly RootFacts[];
  readonly unsettled: readonly string[];
}

export interface SmallFile {
  readonly root: string;
  readonly path: string;
  readonly content: Buffer;
}

export interface TakeOptions {
  readonly signal: AbortSignal;
  /** Bytes read so far. */
  readonly onProgress: (bytes: number) => void;
  /** Given the content of each small file as it was stored. */
  readonly onSmallFile?: (file: SmallFile) => void;
}

export interface SurveyOptions {
  readonly signal: AbortSignal;
  readonly onSmallFile?: (file: SmallFile) => void;
}

/** A root as it is now: the facts a snapshot would have of it. */
export interface LiveRoot extends RootFacts {
  /** Staging names of restores whose old state still lies here. */
  readonly kept: readonly string[];
}

export interface StageRequest {
  readonly stage: string;
  /** Roots of the snapshot with the place each goes to; `absent` ones were not there when it was taken. */
  readonly places: readonly NamedPlace[];
  /** Records of these roots, in the order of the walk. */
  readonly listing: AsyncIterable<TreeRecord>;
}

export interface NamedPlace extends StagePlace {
  readonly name: string;
  readonly absent: boolean;
}

export interface StageOptions {
  readonly signal: AbortSignal;
  /** Asked once the places are there. Throws STAGE_GONE when another worker has taken over; then none is left. */
  readonly requireLatest: () => Promise<void>;
  /** Bytes written so far. */
  readonly onProgress: (bytes: number) => void;
}

export interface TakingOptions {
  /** Name of the run's places from now on, the token of who acts. */
  readonly as: string;
  readonly signal: AbortSignal;
}

export interface RemovingOptions extends TakingOptions {
  /** Entries removed so far. */
  readonly onProgress: (entries: number) => void;
}

export interface StagedPlaces {
  /** As it was called when it was filled. */
  readonly stage: string;
  readonly roots: readonly NamedPlace[];
}

export interface PlaceNeed extends StagePlace {
  readonly name: string;
  readonly bytes: number;
  readonly entries: number;
}

export interface ProbeAnswer {
  readonly problems: readonly Problem[];
  readonly facts: readonly PlaceFacts[];
}

export interface PlaceFacts {
  readonly name: string;
  readonly path: string;
  readonly exists: boolean;
  readonly writable: boolean;
  /** Renames between folders below the root work. */
  readonly renames: boolean;
  /** Owner and group can be given back. */
  readonly owners: boolean;
  readonly freeBytes: number;
}
