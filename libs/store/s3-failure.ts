import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { HttpAnswer } from './http-exchange.ts';

/** Codes say more than the status they come with: MinIO and versitygw differ in the status of a full store. */
const BY_S3_CODE: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: 'OBJECT_MISSING',
  PreconditionFailed: 'OBJECT_EXISTS',
  SlowDown: 'STORE_THROTTLED',
  SlowDownRead: 'STORE_THROTTLED',
  SlowDownWrite: 'STORE_THROTTLED',
  XMinioStorageFull: 'STORE_FULL',
  XMinioAdminBucketQuotaExceeded: 'STORE_FULL',
  QuotaExceeded: 'STORE_FULL',
  // Damaged or cut off on the way: the same bytes sent again may arrive.
  BadDigest: 'STORE_UNREACHABLE',
  IncompleteBody: 'STORE_UNREACHABLE',
  RequestTimeout: 'STORE_UNREACHABLE',
};

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  408: 'STORE_UNREACHABLE',
  412: 'OBJECT_EXISTS',
  429: 'STORE_THROTTLED',
  501: 'STORE_REFUSED',
  503: 'STORE_THROTTLED',
  507: 'STORE_FULL',
};

/** `''` when the answer has no S3 error in its body, as every answer to HEAD. */
export function s3CodeOf(answer: HttpAnswer): string {
  return /<Code>([^<]+)<\/Code>/.exec(answer.body.toString('utf8', 0, 4096))?.[1] ?? '';
}

export function s3Failure(answer: HttpAnswer, details: { store: string; object?: string }): HoldfastError {
  const { status } = answer;
  const s3Code = s3CodeOf(answer);
  const code =
    BY_S3_CODE[s3Code] ?? BY_STATUS[status] ?? (isRefusal(status) ? 'STORE_REFUSED' : 'STORE_UNREACHABLE');
  const retryAfterMs = 1000 * Number(answer.headers['retry-after']);
  return new HoldfastError(code, {
    ...details,
    status,
    ...(s3Code === '' ? {} : { s3Code }),
    ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
  });
}

/** A success that is none was not said by the store, or it failed after it had begun to answer: nothing is known. */
function isRefusal(status: number): boolean {
  return status >= 300 && status < 500;
}
