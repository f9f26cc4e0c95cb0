import { createHash } from 'node:crypto';

declare const brand: unique symbol;
type Branded<T, B> = T & { readonly [brand]: B };

/** 32 hex characters: also the trace id of the run. */
export type RunId = Branded<string, 'RunId'>;
export type SnapshotId = Branded<string, 'SnapshotId'>;
/** SHA-256, 64 hex characters. */
export type Digest = Branded<string, 'Digest'>;

/** Names of deployments, sites and roots: also path and subject tokens. */
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
