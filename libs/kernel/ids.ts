import { createHash } from 'node:crypto';

declare const brand: unique symbol;
type Branded<T, B> = T & { readonly [brand]: B };

/** 32 hex characters: also the trace id of the run. */
export type RunId = Branded<string, 'RunId'>;
/** The run that made it names the backup: same 32 hex characters. */
export type BackupId = Branded<string, 'BackupId'>;
export type SnapshotId = Branded<string, 'SnapshotId'>;
/** Lower case letters, digits and dashes, 1–63 characters: also a path and subject token. */
export type DeploymentId = Branded<string, 'DeploymentId'>;
/** A host or pod that can see a database, a root or an env file. Same form as a deployment id. */
export type SiteId = Branded<string, 'SiteId'>;
/** SHA-256, 64 hex characters. */
export type Digest = Branded<string, 'Digest'>;
/** The number that fences: the log position that opened or took over the run. */
export type Epoch = Branded<number, 'Epoch'>;

export const TOKEN_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const RUN_PATTERN = /^[0-9a-f]{32}$/;

export function sha256(data: string | Uint8Array): Digest {
  return createHash('sha256').update(data).digest('hex') as Digest;
}

/** Same trigger, request or slot → same run: creating `runs/<id>/0` is "once". */
export function runIdOf(origin: {
  readonly kind: 'request' | 'event' | 'slot';
  readonly deployment: string;
  readonly key: string;
}): RunId {
  return sha256(JSON.stringify([origin.kind, origin.deployment, origin.key])).slice(0, 32) as RunId;
}

/** Deterministic span ids make a run one connected trace even if every process died once. */
export function spanIdOf(run: string, ...path: readonly (string | number)[]): string {
  return sha256(JSON.stringify([run, ...path])).slice(0, 16);
}
