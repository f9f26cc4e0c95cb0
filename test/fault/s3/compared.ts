import { createHash } from 'node:crypto';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { openRepository } from '#libs/repository/open.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { unlike, type Said, type Script } from './played.ts';

export interface Compared {
  /** Streams and objects that were said to be stored and are not all there. */
  readonly missing: readonly string[];
  /** What is there and other than was said. */
  readonly falsely: readonly string[];
}

/** What was said, beside what lies in the store when nothing stands between. */
export async function compare(store: ObjectStore, script: Script, said: Said): Promise<Compared> {
  const missing: string[] = [];
  const falsely: string[] = [];
  const repository = await openRepository({ store, identity: script.keys.identity });
  const there = new Map((await Array.fromAsync(store.list(''))).map(({ name, bytes }) => [name, bytes]));
  for (const pack of said.packs) {
    const object = `packs/${pack.slice(0, 2)}/${pack}`;
    if (!there.has(object)) missing.push(object);
    else if (
      createHash('sha256')
        .update(await store.get(object))
        .digest('hex') !== pack
    )
      falsely.push(object);
    else await repository.verifyPack(pack);
  }
  try {
    falsely.push(...(await unlike(repository, script, said.snapshotDigest)));
  } catch (thrown) {
    if (HoldfastError.from(thrown).entry.retry !== 'corrupt') throw thrown;
    missing.push(String(thrown));
  }
  for (const [name, bytes] of script.notes) {
    if (there.get(name) === undefined) missing.push(name);
    else if (!(await store.get(name)).equals(bytes)) falsely.push(name);
  }
  for (const [name, bytes] of there)
    if ((await store.head(name))?.bytes !== bytes) falsely.push(`${name} is not as listed`);
  return { missing, falsely };
}
