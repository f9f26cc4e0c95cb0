import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';

type CertificateFacts = ConfigFacts['certificates'][number];

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/g;
/** A bundle of authorities holds some hundred; what matters is named first. */
const CERTIFICATES_MAX = 200;
const FINGERPRINT_CHARACTERS = 16;

/** Certificates and keys as they pass; judged together when all were seen. Keys are never kept in facts. */
export class CertificateBook {
  readonly #certificates: { path: string; folder: string; parsed: X509Certificate }[] = [];
  readonly #keys = new Map<string, KeyObject[]>();

  add(path: string, content: Buffer): void {
    if (!content.includes('-----BEGIN ')) return;
    const text = content.toString('latin1');
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    for (const [pem] of text.matchAll(CERTIFICATE)) {
      const parsed = attempt(() => new X509Certificate(pem));
      if (parsed !== undefined && this.#certificates.length < CERTIFICATES_MAX)
        this.#certificates.push({ path, folder, parsed });
    }
    for (const [pem] of text.matchAll(PRIVATE_KEY)) {
      const key = attempt(() => createPrivateKey(pem));
      if (key !== undefined) this.#keys.set(folder, [...(this.#keys.get(folder) ?? []), key]);
    }
  }

  facts(): CertificateFacts[] {
    // Files are read several at a time, and tell of themselves in any order.
    return this.#certificates.toSorted(byPath).map(({ path, folder, parsed }) => ({
      path,
      subject: parsed.subject.replaceAll('\n', ', '),
      notAfter: new Date(parsed.validTo).toISOString(),
      fingerprint: parsed.fingerprint256.replaceAll(':', '').toLowerCase().slice(0, FINGERPRINT_CHARACTERS),
      keyMatches: matchOf(parsed, this.#keys.get(folder) ?? []),
    }));
  }
}

/** A bundle's own certificates stay in their order. */
function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path === b.path ? 0 : a.path < b.path ? -1 : 1;
}

/** Null where there is nothing to match: no readable key in the folder, or an authority, whose key is elsewhere. */
function matchOf(certificate: X509Certificate, keys: readonly KeyObject[]): boolean | null {
  if (keys.some((key) => certificate.checkPrivateKey(key))) return true;
  return keys.length === 0 || certificate.ca ? null : false;
}

/** Odd content in a tree is content, not a failure of the backup. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
