import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Check } from '#libs/contracts/requests.ts';

/** L4: what a restored configuration must have to be one. Pure. */

export interface RestoredText {
  readonly path: string;
  readonly text: string;
}

const LEVEL = 4;
const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/g;

/** A variable that is there without a value is missing. */
export function requiredVariables(required: readonly string[], envFiles: readonly RestoredText[]): Check {
  const set = new Set(
    envFiles.flatMap(({ text }) =>
      [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=[ \t]*(\S.*)$/gm)]
        .filter(([, , value]) => !/^(?:""|''|#.*)\s*$/.test(value!))
        .map(([, name]) => name!),
    ),
  );
  const missing = required.filter((name) => !set.has(name));
  const found = missing.length === 0 ? 'all set' : `missing: ${missing.join(', ')}`;
  return {
    name: 'required variables',
    level: LEVEL,
    ok: missing.length === 0,
    detail: `${required.length} variables wanted, ${found}`,
  };
}

/** Undefined where there is no certificate. An authority's key is elsewhere, and its end is not ours to judge. */
export function certificates(files: readonly RestoredText[], now: number): Check | undefined {
  const keys = new Map<string, KeyObject[]>();
  for (const { path, text } of files)
    for (const [pem] of text.matchAll(PRIVATE_KEY)) {
      const key = attempt(() => createPrivateKey(pem));
      if (key !== undefined) keys.set(folderOf(path), [...(keys.get(folderOf(path)) ?? []), key]);
    }
  const found = files.flatMap(({ path, text }) =>
    [...text.matchAll(CERTIFICATE)].flatMap(([pem]) => {
      const parsed = attempt(() => new X509Certificate(pem));
      return parsed === undefined ? [] : [{ path, parsed }];
    }),
  );
  if (found.length === 0) return undefined;
  const wrong = found.flatMap(({ path, parsed }) =>
    faultsOf(path, parsed, keys.get(folderOf(path)) ?? [], now),
  );
  return {
    name: 'certificates and keys',
    level: LEVEL,
    ok: wrong.length === 0,
    detail: [`${found.length} certificates, ${wrong.length} faults`, ...wrong].join('; '),
  };
}

function faultsOf(
  path: string,
  certificate: X509Certificate,
  keys: readonly KeyObject[],
  now: number,
): readonly string[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const fits = keys.some((key) => certificate.checkPrivateKey(key));
  if (!fits && (certificate.ca || keys.length === 0)) return [];
  return [
    ...(fits ? [] : [`${name} fits no key beside it`]),
    ...(Date.parse(certificate.validTo) < now ? [`${name} ended ${certificate.validTo}`] : []),
  ];
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Odd content is content, not a fault. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
