import { fileURLToPath } from 'node:url';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import { diskStore } from './disk.ts';
import type { ObjectStore } from './port.ts';
import { s3Store } from './s3.ts';
import { withLimit } from './with-limit.ts';
import { withRetry } from './with-retry.ts';

export interface StoreCredentials {
  readonly accessKey?: string;
  readonly secretKey?: Secret;
}

export interface StoreTuning {
  /** How long a socket may stay silent; half a minute where nothing is said. */
  readonly silenceMs?: number;
  /** Told how many requests may be under way, each time that changes. */
  readonly onAllowed?: (inFlight: number) => void;
}

/** Half a minute in all: outlasts a restart of the store; longer outages belong to the bus and its redelivery. */
const PAUSES_MS = [100, 300, 1_000, 3_000, 9_000, 18_000];
/** Two to four large puts fill a store; the rest is for small objects (measured 2026-11). */
const IN_FLIGHT_MAX = 16;
const WANTED = 'disk:/FOLDER or s3://BUCKET?endpoint=http(s)://HOST:PORT&region=REGION';

/**
 * The store of an address: `disk:` and an absolute path, percent-encoded as in a file URL, or
 * `s3://BUCKET?endpoint=http(s)://HOST:PORT&region=REGION`. Sends nothing yet. Throws CONFIG_INVALID with every problem.
 */
export function openStore(
  url: string,
  credentials: StoreCredentials = {},
  { silenceMs, onAllowed }: StoreTuning = {},
): ObjectStore {
  // A disk has no transient failures: nothing to try again.
  if (url.startsWith('disk:')) return diskStore(folderOf(url));
  const address = s3AddressOf(url, credentials);
  const s3 = s3Store(silenceMs === undefined ? address : { ...address, silenceMs });
  return withRetry(withLimit(s3, { inFlightMax: IN_FLIGHT_MAX, onAllowed }), { pausesMs: PAUSES_MS });
}

function folderOf(url: string): string {
  const path = url.slice('disk:'.length);
  try {
    if (/^\/(?!\/)[^?#]*$/.test(path)) return fileURLToPath(`file:${path}`);
  } catch {
    // Told below: an encoded slash or a broken escape.
  }
  throw refusal([wrong('address', url, 'disk: and an absolute path, percent-encoded')]);
}

function s3AddressOf(url: string, { accessKey, secretKey }: StoreCredentials) {
  const address = URL.parse(url);
  if (address?.protocol !== 's3:' || address.username !== '' || address.password !== '')
    throw refusal([wrong('address', address?.protocol ?? 'no address', WANTED)]);
  const { host: bucket, searchParams: query } = address;
  const endpoint = URL.parse(query.get('endpoint') ?? '');
  const region = query.get('region') ?? '';
  const unknown = [...query.keys()].filter((key) => key !== 'endpoint' && key !== 'region');
  const problems = [
    ...(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) ? [] : [wrong('bucket', bucket, 'a bucket name')]),
    ...(['', '/'].includes(address.pathname) ? [] : [wrong('path', address.pathname, 'nothing')]),
    ...(isEndpoint(endpoint) ? [] : [wrong('endpoint', 'none of that form', 'http(s)://HOST:PORT')]),
    ...(/^[a-z0-9-]+$/.test(region) ? [] : [wrong('region', region, 'a region, such as us-east-1')]),
    ...unknown.map((key) => wrong('parameter', key, 'endpoint and region')),
    ...(accessKey === undefined ? [wrong('access key', 'nothing', 'HOLDFAST_STORE_ACCESS_KEY')] : []),
    ...(secretKey === undefined ? [wrong('secret key', 'nothing', 'HOLDFAST_STORE_SECRET_KEY')] : []),
  ];
  if (!isEndpoint(endpoint) || accessKey === undefined || secretKey === undefined || problems.length > 0)
    throw refusal(problems);
  return { endpoint, region, bucket, accessKey, secretKey };
}

function isEndpoint(endpoint: URL | null): endpoint is URL {
  return (
    endpoint !== null &&
    /^https?:$/.test(endpoint.protocol) &&
    endpoint.href === `${endpoint.origin}/` &&
    /^[A-Za-z0-9.-]+$/.test(endpoint.hostname)
  );
}

function wrong(part: string, seen: string, wanted: string): Problem {
  return problem('CONFIG_INVALID', `store ${part}`, `seen: ${seen}; wanted: ${wanted}`);
}

function refusal(problems: readonly Problem[]): HoldfastError {
  return new HoldfastError('CONFIG_INVALID', { value: 'store address' }, { problems });
}
