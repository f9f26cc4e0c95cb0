import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Texts that the bundle carries, because no file lies beside it. */
export interface BundledTexts {
  readonly format: string;
  readonly reader: string;
  readonly readme: string;
}

/** Replaced by the bundler; not there in a checkout. */
declare const HOLDFAST_BUNDLED: BundledTexts | undefined;

const texts = typeof HOLDFAST_BUNDLED === 'undefined' ? undefined : HOLDFAST_BUNDLED;

const CHECKOUT = new URL('../../../', import.meta.url);

/** The one-file program: this file itself, or what `npm ci` made of the checkout whose sources run. */
export const PROGRAM_FILE = fileURLToPath(
  texts === undefined ? new URL('dist/holdfast.mjs', CHECKOUT) : import.meta.url,
);

/** What lies in `about/` of every store, so that a stranger with a key finds all that is needed. */
export async function aboutObjects(): Promise<readonly { readonly name: string; readonly bytes: Buffer }[]> {
  const { format, reader, readme } = texts ?? (await readCheckoutTexts());
  const program = await readFile(PROGRAM_FILE).catch(() => Buffer.alloc(0));
  const objects = [
    { name: 'about/README.md', bytes: Buffer.from(readme) },
    { name: 'about/FORMAT.md', bytes: Buffer.from(format) },
    { name: 'about/reader.py', bytes: Buffer.from(reader) },
    { name: 'about/holdfast.mjs', bytes: program },
  ];
  // What this build does not carry leaves what another one put there.
  return objects.filter(({ bytes }) => bytes.length > 0);
}

export async function readCheckoutTexts(): Promise<BundledTexts> {
  const text = async (path: string) => await readFile(new URL(path, CHECKOUT), 'utf8').catch(() => '');
  return {
    format: await text('libs/repository/FORMAT.md'),
    reader: await text('test/contract/reader.py'),
    readme: await text('services/operator/cli/about.md'),
  };
}
