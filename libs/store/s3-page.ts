import { isName } from './names.ts';

export interface ListedPage {
  readonly objects: readonly { readonly name: string; readonly bytes: number }[];
  /** Where the next page starts; undefined after the last one. */
  readonly lastKey: string | undefined;
}

/**
 * ListObjectsV2 asked with `encoding-type=url`, so that keys hold no XML entities; keys that cannot be ours are left
 * out. Not the client's parser: `minio` 8.0.7 makes numbers of keys that look like one (`007` comes out as `7`).
 * Undefined when it is no such page, which would otherwise say that nothing is there.
 */
export function parseListedPage(xml: string): ListedPage | undefined {
  if (!xml.trimEnd().endsWith('</ListBucketResult>')) return undefined;
  const entries = Array.from(xml.matchAll(/<Contents>(.*?)<\/Contents>/gs), ([, content = '']) => ({
    name: decodeURIComponent(elementOf(content, 'Key').replaceAll('+', ' ')),
    bytes: Number(elementOf(content, 'Size')),
  }));
  return {
    objects: entries.filter(({ name }) => isName(name)),
    lastKey: elementOf(xml, 'IsTruncated') === 'true' ? entries.at(-1)?.name : undefined,
  };
}

function elementOf(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}
