import { hash } from 'node:crypto';
import { Client } from 'minio';
import type { Secret } from '#libs/kernel/secret.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { httpExchange, type HttpAnswer } from './http-exchange.ts';
import { requireName, requirePrefix } from './names.ts';
import type { ObjectStore } from './port.ts';
import { probeCreateOnly } from './probe.ts';
import { s3CodeOf, s3Failure } from './s3-failure.ts';
import { s3Locks } from './s3-locks.ts';
import { parseListedPage } from './s3-page.ts';

export interface S3Address {
  /** `http(s)://HOST:PORT` */
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: Secret;
  /** How long a socket may stay silent. */
  readonly silenceMs?: number;
}

/** Also what a server may need to make 64 MiB durable before it answers. */
const SILENCE_MS = 30_000;
/** Long enough for clocks that differ; a signed address never leaves the process. */
const SIGNED_FOR_S = 3600;
/** Many listings are short, or left after a name or two; a store that lists looks at all the names that it is asked for. */
const NAMES_PER_PAGE = { first: 16, most: 1000 };

/**
 * A bucket of any S3 as object store. The client signs addresses, and each is sent once by a plain request: a third of
 * the time and a tenth of the CPU of `putObject` at 16 MiB (measured 2026-11), with status and abort in our hands.
 * Content-MD5 lets the store confirm the bytes of each put.
 */
export function s3Store(address: S3Address): ObjectStore {
  const call = s3Caller(address);
  const label = `s3:${address.endpoint.host}/${address.bucket}`;
  const failure = (answer: HttpAnswer, object?: string) =>
    s3Failure(answer, { store: label, ...(object === undefined ? {} : { object }) });
  const locks = s3Locks(call, label);
  const store: ObjectStore = {
    name: label,
    async put(name, bytes, { createOnly, signal }) {
      if (!createOnly) await locks.requireUnlocked(requireName(name), signal);
      const headers = {
        'content-md5': hash('md5', bytes, 'base64'),
        ...(createOnly ? { 'if-none-match': '*' } : {}),
      };
      const answer = await call('PUT', { name: requireName(name), headers, body: bytes, signal });
      if (isOfObject(answer)) return;
      const s3Code = s3CodeOf(answer);
      // A locked object may refuse before it is asked whether it is there.
      const isLocked = createOnly && s3Code === 'AccessDenied';
      if (s3Code !== 'ConditionalRequestConflict' && !isLocked) throw failure(answer, name);
      // Another writer is at it: it may yet fail, and only an object that is there has won.
      const exists = (await store.head(name, signal && { signal })) !== undefined;
      if (isLocked && !exists) throw failure(answer, name);
      throw new HoldfastError(exists ? 'OBJECT_EXISTS' : 'STORE_UNREACHABLE', {
        object: name,
        reason: 'another writer of the same name',
      });
    },
    async get(name, { range, signal } = {}) {
      if (range !== undefined && range.end <= range.start) {
        if ((await store.head(name, signal && { signal })) !== undefined) return Buffer.alloc(0);
        throw new HoldfastError('OBJECT_MISSING', { object: name });
      }
      const headers = range === undefined ? undefined : { range: `bytes=${range.start}-${range.end - 1}` };
      const answer = await call('GET', { name: requireName(name), headers, signal });
      if (answer.status === 416) return Buffer.alloc(0);
      if (!isOfObject(answer)) throw failure(answer, name);
      return answer.status === 206 ? answer.body : answer.body.subarray(range?.start, range?.end);
    },
    async head(name, { signal } = {}) {
      const answer = await call('HEAD', { name: requireName(name), signal });
      if (answer.status === 404) return undefined;
      if (!isOfObject(answer)) throw failure(answer, name);
      return { bytes: answer.bodyBytes };
    },
    async *list(prefix, { startAfter = '', signal } = {}) {
      requirePrefix(prefix);
      let names = NAMES_PER_PAGE.first;
      for (let after: string | undefined = startAfter; after !== undefined; names = NAMES_PER_PAGE.most) {
        const query = {
          'list-type': '2',
          'max-keys': String(names),
          ...(prefix === '' ? {} : { prefix }),
          ...(after === '' ? {} : { 'start-after': after }),
        };
        const answer = await call('GET', { name: '', query, signal });
        const page = answer.status === 200 ? parseListedPage(answer.body.toString()) : undefined;
        if (page === undefined) throw failure(answer);
        yield* page.objects;
        if (page.lastKey === undefined) return;
        // A store that lists in another order would let names be missed without a word.
        if (page.lastKey <= after)
          throw new HoldfastError('STORE_REFUSED', { store: label, reason: 'listing is not in order' });
        after = page.lastKey;
      }
    },
    async delete(name, { signal } = {}) {
      await locks.requireUnlocked(requireName(name), signal);
      const answer = await call('DELETE', { name, signal });
      const isSuccess = answer.status === 204 || (answer.status === 200 && answer.body.length === 0);
      const gone = isSuccess || s3CodeOf(answer) === 'NoSuchKey';
      if (!gone) throw failure(answer, name);
    },
    retain: (name, until, { signal } = {}) => locks.retain(requireName(name), until, signal),
    retainedUntil: (name, { signal } = {}) => locks.retainedUntil(requireName(name), signal),
    probe: (options) => probeCreateOnly(store, options),
  };
  return store;
}

/**
 * Every S3 names the ETag of an object that it stored or sends. A 200 without one is an error that came late, or the page
 * of something on the way.
 */
function isOfObject({ status, headers }: HttpAnswer): boolean {
  return (status === 200 || status === 206) && headers.etag !== undefined;
}

export type S3Call = (
  method: string,
  request: {
    /** Of the object; '' for the bucket. */
    name: string;
    query?: Record<string, string>;
    headers?: Record<string, string> | undefined;
    body?: Uint8Array;
    signal: AbortSignal | undefined;
  },
) => Promise<HttpAnswer>;

function s3Caller({ endpoint, region, bucket, accessKey, secretKey, silenceMs }: S3Address): S3Call {
  const secure = endpoint.protocol === 'https:';
  const client = new Client({
    endPoint: endpoint.hostname,
    ...(endpoint.port === '' ? {} : { port: Number(endpoint.port) }),
    useSSL: secure,
    region,
    accessKey,
    secretKey: secretKey.reveal(),
  });
  const exchange = httpExchange(secure, silenceMs ?? SILENCE_MS);
  return async (method, { name, query, headers = {}, body, signal }) =>
    await exchange({
      method,
      url: await client.presignedUrl(method, bucket, name, SIGNED_FOR_S, query),
      headers,
      ...(body === undefined ? {} : { body }),
      signal,
    });
}
