/**
 * The bucket is the database: everything that must outlive a disaster is an object here.
 *
 * Names are slash-separated tokens of letters, digits, dot, dash, underscore; no empty, `.` or `..` token; at most
 * 512 bytes, and no object's name is the folder of another's: where the store minds, the second put is STORE_REFUSED.
 * What others put there under other names is never listed. Objects are small (≤ 64 MiB) and never change, but for
 * plain puts of the bytes that an object should have: of `about/`, and where damage is healed from a second store
 * (FORMAT.md#second-store).
 *
 * Errors: `OBJECT_EXISTS` (create-only lost), `OBJECT_MISSING`, `STORE_FULL`, `STORE_REFUSED` are permanent;
 * `STORE_UNREACHABLE`, `STORE_THROTTLED` are transient and retried by `withRetry` alone. After a transient error of
 * a put the outcome is unknown: a create-only put that is sent again may meet its own object, so `withRetry` compares
 * the bytes, and contenders must not write the same ones. An abort throws the signal's reason.
 */
export interface ObjectStore {
  /** For messages: `disk:/path` or `s3:host/bucket`. */
  readonly name: string;
  /**
   * Durable when it returns: bytes and name survive power loss; digest was confirmed by the store or re-read. However it
   * ends, the bytes are the caller's again.
   */
  put(name: string, bytes: Uint8Array, options: { createOnly: boolean; signal?: AbortSignal }): Promise<void>;
  /** Whole object, or `range` (end exclusive; beyond the end is cut off). */
  get(
    name: string,
    options?: { range?: { start: number; end: number }; signal?: AbortSignal },
  ): Promise<Buffer>;
  /** Size in bytes, or undefined when there is none. */
  head(name: string, options?: { signal?: AbortSignal }): Promise<{ bytes: number } | undefined>;
  /** Names below `prefix` (a whole-token prefix ending in `/`, or '' for all), in code-unit order, after `startAfter`. */
  list(
    prefix: string,
    options?: { startAfter?: string; signal?: AbortSignal },
  ): AsyncIterable<{ name: string; bytes: number }>;
  /** No error when there is none. One that is retained is STORE_REFUSED, as a plain put of its name is. */
  delete(name: string, options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * Locks the object as it is: until then the store itself keeps these bytes, whoever asks with whatever credentials of
   * ours. Never shortens. Throws STORE_CANNOT_LOCK where the store has no object lock, OBJECT_MISSING.
   */
  retain(name: string, until: Date, options?: { signal?: AbortSignal }): Promise<void>;
  /** Until when it is, or was, locked; undefined when it never was, or there is none. */
  retainedUntil(name: string, options?: { signal?: AbortSignal }): Promise<Date | undefined>;
  /** Proves create-only writes with a race of its own; throws STORE_NOT_CREATE_ONLY, as a put does that cannot be one. */
  probe(options?: { signal?: AbortSignal }): Promise<void>;
}
