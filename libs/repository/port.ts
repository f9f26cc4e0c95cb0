import type { SnapshotId } from '#libs/kernel/ids.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { GrainName } from './chunker.ts';
import type { Cleaner } from './cleaning/port.ts';

export type Component = 'database' | 'files' | 'config';

/** A byte stream kept as sealed chunks. Names nothing outside the repository; safe in sealed objects only. */
export interface StreamRef {
  readonly bytes: number;
  /** SHA-256 of the whole stream, 64 hex characters. */
  readonly sha256: string;
  /** Keyed chunk ids in order, 64 hex characters each. */
  readonly chunks: readonly string[];
}

/** One component of one deployment at one moment. Sealed as a whole: names and paths are not readable without the key. */
export interface Snapshot {
  readonly id: SnapshotId;
  readonly deployment: string;
  readonly component: Component;
  readonly runId: string;
  /** RFC 3339. */
  readonly takenAt: string;
  /** The moment the database snapshot stands for, as the database step named it. */
  readonly mark: string;
  /** Small facts (counts, versions). */
  readonly facts: Json;
  /** Long content by name: `tables` (NDJSON), `pre-data`, `listing`, … */
  readonly streams: Readonly<Record<string, StreamRef>>;
  /** Packs it was written with, by name; where its chunks are now `neededPacks` tells. */
  readonly packs: readonly string[];
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Told source bytes as they pass. */
  readonly onBytes?: (bytes: number) => void;
  /** `fine` for what changes by a little in many places. */
  readonly grain?: GrainName;
}

/** Sealed chunks of one step attempt. Nothing is findable before `flush` returned: packs first, index last. */
export interface ChunkWriter extends AsyncDisposable {
  /**
   * Chunks, seals and stores one stream; memory is bounded whatever its length. Several may run at once.
   * A piece must not change until the next one is asked for.
   */
  writeStream(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options?: WriteOptions,
  ): Promise<StreamRef>;
  /**
   * Whether a stream that a snapshot names can be read still; then it is this writer's as if it had been written. To be
   * asked where it is known that the source would give the same bytes.
   */
  keepStream(stream: StreamRef, options?: { signal?: AbortSignal }): Promise<boolean>;
  /** Uploads the open pack, waits for every pack to be durable, then writes the index object. */
  flush(options?: { signal?: AbortSignal }): Promise<WriterTotals>;
}

export interface WriterTotals {
  /** Names of packs that hold chunks of this writer's streams: new ones and reused ones. */
  readonly packs: readonly string[];
  readonly sourceBytes: number;
  readonly newBytes: number;
}

export interface Repository {
  readonly id: string;
  /** Takes over a newer key epoch, if somebody has begun one. Before each piece of work: what has begun goes on as it is. */
  refresh(): Promise<void>;
  writer(): ChunkWriter;
  /** Streams the plaintext in pieces of the caller's own; each chunk is authenticated. Throws CHUNK_MISSING, PACK_DAMAGED. */
  read(ref: StreamRef, options?: { signal?: AbortSignal }): AsyncIterable<Buffer>;
  /** Create-only; returns the digest of the stored bytes. */
  putSnapshot(snapshot: Snapshot, options?: { signal?: AbortSignal }): Promise<{ digest: string }>;
  /** Throws SNAPSHOT_DAMAGED, OBJECT_MISSING. `digest`, when given, must match. */
  readSnapshot(
    where: { deployment: string; component: Component; id: string; digest?: string },
    options?: { signal?: AbortSignal },
  ): Promise<Snapshot>;
  /**
   * Packs that hold the snapshot's chunks now: those it was written with may have been written again since. Throws
   * CHUNK_MISSING, and what reading its lists throws.
   */
  neededPacks(
    snapshot: Pick<Snapshot, 'streams'>,
    options?: { signal?: AbortSignal },
  ): Promise<ReadonlySet<string>>;
  /**
   * Where chunks lie by the store as it is, not by what this process learned before: of each snapshot the packs that hold
   * its chunks and stay, none that is condemned while another one has them. Throws CHUNK_MISSING, CLEANING_UNSAFE.
   */
  lastingPacks(options: {
    signal: AbortSignal;
  }): Promise<(snapshot: Pick<Snapshot, 'streams'>) => Promise<ReadonlySet<string>>>;
  /** Re-reads a whole pack: its name against its bytes, its table, every chunk opened and its id compared. Throws PACK_DAMAGED. */
  verifyPack(name: string, options?: { signal?: AbortSignal }): Promise<{ bytes: number; chunks: number }>;
  /** Rebuilds what is known about chunks from the pack trailers alone. */
  rebuildIndex(options?: { signal?: AbortSignal }): Promise<{ packs: number; chunks: number }>;
  /** AEAD with the purpose bound in; for vault values. Small inputs. */
  seal(purpose: string, plain: Uint8Array): Buffer;
  /** Throws VALUE_FOREIGN. */
  open(purpose: string, sealed: Uint8Array): Buffer;
  /** Keyed digest for comparing without revealing (drift, fingerprints); 64 hex characters. */
  mac(purpose: string, data: string | Uint8Array): string;
  /** Removes what nothing needs any more, beside whatever else is done (FORMAT.md#cleaning). */
  readonly clean: Cleaner;
  /** Ed25519 over the bytes, hex. */
  sign(bytes: Uint8Array): string;
  verifySignature(bytes: Uint8Array, signature: string): boolean;
}
