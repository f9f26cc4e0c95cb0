import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '#libs/kernel/catalogue.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { ObjectStore } from './port.ts';

/** Where the store cannot lock, it says so; where it can, nothing that this port offers takes the bytes away. */
export function locking(open: () => ObjectStore, fresh: () => string): void {
  test('a retained object is neither deleted nor replaced and reads on; a store that cannot says so', async () => {
    const name = `${fresh()}a`;
    await open().put(name, Buffer.from('kept'), { createOnly: false });
    const until = hoursFromNow(1);
    const refusal = await refusalOf(open().retain(name, until));
    if (refusal !== undefined) {
      assert.equal(refusal, 'STORE_CANNOT_LOCK');
      assert.equal(await open().retainedUntil(name), undefined);
      return;
    }
    await refuses(open().delete(name), 'STORE_REFUSED');
    await refuses(open().put(name, Buffer.from('other'), { createOnly: false }), 'STORE_REFUSED');
    await refuses(open().put(name, Buffer.from('other'), { createOnly: true }), 'OBJECT_EXISTS');
    assert.equal((await open().get(name)).toString(), 'kept');
    assert.equal((await open().retainedUntil(name))?.toISOString(), until.toISOString());
  });

  test('a lock is extended and never shortened; what is not locked has none', async () => {
    const name = `${fresh()}a`;
    await open().put(name, Buffer.from('x'), { createOnly: false });
    assert.equal(await open().retainedUntil(name), undefined);
    assert.equal(await open().retainedUntil(`${name}/none`), undefined);
    const [short, long] = [hoursFromNow(1), hoursFromNow(3)];
    if ((await refusalOf(open().retain(name, short))) !== undefined) return;
    await open().retain(name, long);
    await open().retain(name, hoursFromNow(2));
    assert.equal((await open().retainedUntil(name))?.toISOString(), long.toISOString());
    await refuses(open().retain(`${name}-none`, long), 'OBJECT_MISSING');
  });
}

/** Whole: a store may keep no more of a time. */
function hoursFromNow(hours: number): Date {
  return new Date(Math.ceil(Date.now() / 1000) * 1000 + hours * 3_600_000);
}

async function refusalOf(promise: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await promise;
    return undefined;
  } catch (thrown) {
    return HoldfastError.from(thrown).code;
  }
}

async function refuses(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  assert.equal(await refusalOf(promise), code);
}
