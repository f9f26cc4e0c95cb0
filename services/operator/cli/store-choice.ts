import { isAbsolute, resolve } from 'node:path';
import { diskStoreUrl } from '#deploy/local/object-store.ts';
import { readStack, type StoreChoice } from '#deploy/local/stack.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Context, Input } from './command.ts';

export const STORE_OPTION = [
  '--store <where>',
  'a folder, disk:/FOLDER or s3://BUCKET?endpoint=…&region=…; else that of the last start',
] as const;

/** `--store`, else the store of the last start, so that `up` alone goes on where it was; a directory at first. Throws USAGE. */
export async function chosenStore(input: Input, { home, cwd }: Context): Promise<StoreChoice> {
  const chosen = input.text('store');
  return chosen === undefined ? await rememberedStore(home.folder) : parseStoreChoice(chosen, cwd);
}

/** `--second-store`, else that of the environment, else the one of the last start; `none` gives it up. Throws USAGE. */
export async function chosenSecondStore(
  input: Input,
  { home, cwd, env }: Context,
): Promise<string | undefined> {
  const chosen = input.text('secondStore') ?? (env['HOLDFAST_SECOND_STORE_URL'] || undefined);
  if (chosen === undefined) return (await readStack(home.folder))?.secondStore?.url;
  return chosen === 'none' ? undefined : storeUrlOf(chosen, cwd);
}

/** A word, an address or a folder. Throws USAGE. Pure. */
export function parseStoreChoice(text: string, cwd: string): StoreChoice {
  if (text === 'disk' || text === 'minio' || text === 'versitygw') return { kind: text };
  return { kind: 'url', url: storeUrlOf(text, cwd) };
}

/** An address as it is, a folder as its address. */
export function storeUrlOf(text: string, cwd: string): string {
  if (/^(disk:|s3:\/\/)/.test(text)) return text;
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1];
  if (scheme !== undefined)
    throw new HoldfastError('USAGE', {
      option: '--store',
      scheme,
      wanted: 'disk, minio, versitygw, a folder, disk:/FOLDER or s3://BUCKET?endpoint=…&region=…',
    });
  return diskStoreUrl(isAbsolute(text) ? text : resolve(cwd, text));
}

async function rememberedStore(home: string): Promise<StoreChoice> {
  const store = (await readStack(home))?.store;
  if (store === undefined) return { kind: 'disk' };
  return store.kind === 'url' ? { kind: 'url', url: store.url } : { kind: store.kind };
}
