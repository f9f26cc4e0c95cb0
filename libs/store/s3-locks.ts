import { hash } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { lockedObject } from './locked-object.ts';
import { s3CodeOf, s3Failure } from './s3-failure.ts';
import type { S3Call } from './s3.ts';

/** The bucket has no lock; the server has none for any bucket. */
const NO_LOCK = new Set(['ObjectLockConfigurationNotFoundError', 'NotImplemented']);
/** The object has none, or there is no such object. */
const NOT_LOCKED = new Set(['NoSuchObjectLockConfiguration', 'NoSuchKey']);

/**
 * Object lock of a bucket. It locks versions, not names: a plain DELETE of a locked object puts a delete marker before
 * it, and on most servers a plain PUT a new version (MinIO; versitygw refuses both). The locked version stays, and nobody
 * who reads by name sees it. So whoever deletes or replaces asks here first. A bucket without lock costs one question.
 */
export function s3Locks(call: S3Call, store: string) {
  let known: boolean | undefined;
  const canLock = async (signal: AbortSignal | undefined): Promise<boolean> => {
    if (known !== undefined) return known;
    const answer = await call('GET', { name: '', query: { 'object-lock': '' }, signal });
    // Who may not know it has to ask of each object.
    if (answer.status !== 200 && answer.status !== 403 && !NO_LOCK.has(s3CodeOf(answer)))
      throw s3Failure(answer, { store });
    known = !NO_LOCK.has(s3CodeOf(answer));
    return known;
  };

  const retainedUntil = async (name: string, signal: AbortSignal | undefined): Promise<Date | undefined> => {
    if (!(await canLock(signal))) return undefined;
    const answer = await call('GET', { name, query: { retention: '' }, signal });
    if (NOT_LOCKED.has(s3CodeOf(answer))) return undefined;
    const [, until] = /<RetainUntilDate>([^<]+)</.exec(answer.body.toString()) ?? [];
    if (answer.status !== 200 || until === undefined) throw s3Failure(answer, { store, object: name });
    return new Date(until);
  };

  return {
    retainedUntil,

    async requireUnlocked(name: string, signal: AbortSignal | undefined): Promise<void> {
      const until = await retainedUntil(name, signal);
      if (until !== undefined && until.getTime() > Date.now()) throw lockedObject(name, until);
    },

    async retain(name: string, until: Date, signal: AbortSignal | undefined): Promise<void> {
      if (!(await canLock(signal))) throw new HoldfastError('STORE_CANNOT_LOCK', { store });
      const isHeld = async () => ((await retainedUntil(name, signal)) ?? 0) >= until;
      if (await isHeld()) return;
      const body = Buffer.from(
        '<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Mode>COMPLIANCE</Mode>' +
          `<RetainUntilDate>${until.toISOString()}</RetainUntilDate></Retention>`,
      );
      const headers = { 'content-md5': hash('md5', body, 'base64') };
      const answer = await call('PUT', { name, query: { retention: '' }, headers, body, signal });
      // Another one may have locked it for longer meanwhile: what is shorter is refused then.
      if (answer.status !== 200 && !(await isHeld())) throw s3Failure(answer, { store, object: name });
    },
  };
}
