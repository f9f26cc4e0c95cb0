import { openManifest, type Manifest } from '#libs/contracts/manifest.ts';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { sha256 } from '#libs/kernel/ids.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import type { Repository } from '#libs/repository/port.ts';
import { openList } from './condemned.ts';

export type VerifySignature = Repository['verifySignature'];

/** SHA-256 of stored bytes by object name: what authentic manifests cite of snapshots and declarations. */
export type Citations = ReadonlyMap<string, string>;

/** `unproved`: nothing tells what the bytes must be. */
export type Proof = 'sound' | 'damaged' | 'unproved';

export interface Knowledge {
  readonly verify: VerifySignature;
  readonly citations: Citations;
}

/** What the bytes of an object are worth by its name, by what cites it and by its signature. Entries of logs: see log-copy.ts. Pure. */
export function proveObject(name: string, bytes: Buffer, { verify, citations }: Knowledge): Proof {
  const own = digestInName(name);
  if (own !== undefined) return soundIf(sha256(bytes) === own);
  const cited = citations.get(name);
  if (cited !== undefined) return soundIf(sha256(bytes) === cited);
  if (name.startsWith('backups/')) return soundIf(readManifest(name, bytes, verify) !== undefined);
  if (name.startsWith('condemned/')) return soundIf(openList(bytes, verify) !== undefined);
  if (name.startsWith('keys/recipients/')) return soundIf(isSigned(bytes, verify, ({ list }) => list));
  if (name.startsWith('keys/proofs/')) return soundIf(isSigned(bytes, verify, ({ proof }) => proof));
  if (name === 'holdfast.json') return soundIf(isSigned(bytes, verify));
  if (isTrigger(name)) return soundIf(isOfItsKey(name, bytes));
  if (bytes.length === 0) return 'damaged';
  return name.endsWith('.json') && jsonIfAny(bytes) === undefined ? 'damaged' : 'unproved';
}

/** Undefined for one that is not whole, not signed by this repository, or of another name. */
export function readManifest(name: string, bytes: Buffer, verify: VerifySignature): Manifest | undefined {
  const [, deployment = '', id = ''] = /^backups\/([^/]+)\/([^/]+)\.json$/.exec(name) ?? [];
  try {
    return openManifest(bytes, { deployment, id }, verify);
  } catch (thrown) {
    if (HoldfastError.from(thrown).code !== 'MANIFEST_DAMAGED') throw thrown;
    return undefined;
  }
}

/** What of a manifest speaks of other objects. */
export interface Citing extends Pick<Manifest, 'deployment' | 'specVersion' | 'specDigest'> {
  readonly snapshots: readonly Pick<Manifest['snapshots'][number], 'component' | 'id' | 'digest' | 'packs'>[];
}

export function citationsOf(manifests: Iterable<Citing>): Citations {
  const cited = new Map<string, string>();
  for (const { deployment, specVersion, specDigest, snapshots } of manifests) {
    if (specDigest !== '') cited.set(`deployments/${deployment}/spec/${specVersion}.yaml`, specDigest);
    for (const { component, id, digest } of snapshots)
      cited.set(`snapshots/${deployment}/${component}/${id}`, digest);
  }
  return cited;
}

/** The name under which damage of such an object is told. */
export function damageCode(name: string): ErrorCode {
  switch (name.slice(0, name.indexOf('/') + 1)) {
    case 'packs/':
      return 'PACK_DAMAGED';
    case 'snapshots/':
      return 'SNAPSHOT_DAMAGED';
    case 'backups/':
      return 'MANIFEST_DAMAGED';
    case 'deployments/':
    case 'runs/':
      return 'JOURNAL_BROKEN';
    default:
      return 'OBJECT_DAMAGED';
  }
}

function digestInName(name: string): string | undefined {
  return /^(?:packs\/[0-9a-f]{2}|index)\/([0-9a-f]{64})$/.exec(name)?.[1];
}

function isTrigger(name: string): boolean {
  return /^deployments\/[^/]+\/triggers\//.test(name);
}

function isOfItsKey(name: string, bytes: Buffer): boolean {
  const { key } = (jsonIfAny(bytes) ?? {}) as { key?: unknown };
  return typeof key === 'string' && name.endsWith(`/${sha256(key)}.json`);
}

/** `partOf`: what it is, of that which stands beside its signature, that is signed; all of it by default. */
function isSigned(
  bytes: Buffer,
  verify: VerifySignature,
  partOf: (beside: Readonly<Record<string, unknown>>) => unknown = (beside) => beside,
): boolean {
  const json = jsonIfAny(bytes);
  if (typeof json !== 'object' || json === null) return false;
  const { signature, ...beside } = json as { signature?: unknown };
  const signed = partOf(beside);
  return (
    typeof signature === 'string' &&
    signed !== undefined &&
    verify(Buffer.from(canonicalJson(signed)), signature)
  );
}

function soundIf(good: boolean): Proof {
  return good ? 'sound' : 'damaged';
}
