import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import { showPath } from '#libs/trees/paths.ts';
import type { SmallFile } from '#libs/trees/port.ts';
import { CertificateBook } from './certificates.ts';
import { envPathOf } from './component.ts';
import { envValues } from '#libs/kernel/env-values.ts';

type Value = ConfigFacts['values'][number];

/** What is noted of configuration while it is read; values themselves are forgotten at once. */
export class ConfigBook {
  readonly #certificates = new CertificateBook();
  readonly #values: Value[] = [];
  readonly #set = new Set<string>();
  readonly #fingerprint: (value: string | Uint8Array) => string;

  constructor(fingerprint: (value: string | Uint8Array) => string) {
    this.#fingerprint = fingerprint;
  }

  add({ root, path, content }: SmallFile): void {
    const file = envPathOf(root);
    if (file === undefined) {
      this.#certificates.add(`${root}/${showPath(path)}`, content);
      return;
    }
    this.#values.push({ file, name: '', fingerprint: this.#fingerprint(content) });
    for (const [name, value] of envValues(content)) {
      this.#values.push({ file, name, fingerprint: this.#fingerprint(value) });
      if (value !== '') this.#set.add(name);
    }
  }

  facts(required: readonly string[]): Omit<ConfigFacts, 'roots' | 'runtime'> {
    // Files are read several at a time; the variables of one stay in its order.
    const values = this.#values.toSorted((a, b) => (a.file === b.file ? 0 : a.file < b.file ? -1 : 1));
    return {
      fingerprints: byName(values),
      values,
      missingVariables: required.filter((name) => !this.#set.has(name)),
      certificates: this.#certificates.facts(),
    };
  }
}

/** A name that several files set is told apart by its file from the second on. */
function byName(values: readonly Value[]): Record<string, string> {
  const named = new Map<string, string>();
  for (const { file, name, fingerprint } of values) {
    if (name !== '') named.set(named.has(name) ? `${file}:${name}` : name, fingerprint);
  }
  // A variable may be called __proto__: only this way it is one of the object's own.
  return Object.fromEntries(named);
}
