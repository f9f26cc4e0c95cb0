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
  const { bavail, bsize } = await statfs(fileURLToPath(`file:${url.slice('disk:'.length)}`));
  const free = bavail * bsize;
  if (free >= FREE_MIN) return [ok('room', `${bytesText(free)} free`)];
  return [bad('room', `${bytesText(free)} free`, 'free space on the disk of the store, or move the store')];
}
