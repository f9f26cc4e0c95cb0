import { statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openStoreOf } from '../open-store.ts';
import type { Context } from '../command.ts';
import { bytesText } from '../text.ts';
import type { KnownStack } from './examine.ts';
import { bad, ok, type Finding } from './finding.ts';

const FREE_MIN = 1 << 30;

/** Does it answer, does it honour create-only writes, has it room? */
export async function examineStore(state: KnownStack, context: Context): Promise<readonly Finding[]> {
  if (state === undefined) return [];
  const store = await openStoreOf(state, context);
  await store.probe({ signal: context.interrupts.signal });
  const repository =
    (await store.head('holdfast.json')) === undefined
      ? [bad('repository', `store ${store.name} holds none`, 'holdfast up')]
      : [ok('repository', `is in ${store.name}`)];
  return [
    ok('store', `${store.name} answers and honours create-only writes`),
    ...repository,
    ...(await roomFindings(state.store.url)),
  ];
}

async function roomFindings(url: string): Promise<readonly Finding[]> {
  if (!url.startsWith('disk:')) return [];
  const free = await freeBytes(fileURLToPath(`file:${url.slice('disk:'.length)}`));
  if (free >= FREE_MIN) return [ok('room', `${bytesText(free)} free`)];
  return [bad('room', `${bytesText(free)} free`, 'free space on the disk of the store, or move the store')];
}

/** What the bus and a few logs need. */
const HOME_FREE_MIN = 16 << 20;

/** A nats-server that once could not write stores nothing more until it is started again (2.15, 2026-11). */
export async function examineHome(state: KnownStack, { home }: Context): Promise<readonly Finding[]> {
  if (state === undefined) return [];
  const free = await freeBytes(home.folder);
  const said = `${bytesText(free)} free in ${home.folder}`;
  if (free >= HOME_FREE_MIN) return [ok('home', said)];
  return [bad('home', said, 'free space there, then: holdfast down && holdfast up --detach')];
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
