import { factsOf, type Manifest } from '#libs/contracts/manifest.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import { momentOf, table } from '../text.ts';

/** One name whose value became another one. Versions count the deployment's backups from 1, the oldest. */
export interface Drift {
  readonly name: string;
  readonly file: string;
  readonly kind: 'changed' | 'added' | 'removed';
  /** The mark of the first backup that had it so. */
  readonly firstSeen: string;
  readonly backupId: string;
  /** Zero where there was, or is, no value. */
  readonly oldVersion: number;
  readonly newVersion: number;
}

type Values = ReadonlyMap<string, { readonly fingerprint: string; readonly version: number }>;

/** By fingerprints in the manifests: no value is opened. Newest first. Pure; `history` is oldest first. */
export function driftOf(history: readonly Manifest[]): readonly Drift[] {
  const drifts: Drift[] = [];
  let before: Values | undefined;
  for (const [at, manifest] of history.entries()) {
    const facts = factsOf<ConfigFacts>(manifest.snapshots, 'config');
    if (facts === undefined) continue;
    const now = valuesOf(facts, at + 1, before);
    if (before !== undefined) drifts.push(...compare(before, now, manifest, at + 1));
    before = now;
  }
  return drifts.toReversed();
}

/** A value keeps the number of the version that first had it. */
function valuesOf(facts: ConfigFacts, version: number, before: Values | undefined): Values {
  return new Map(
    parts(facts).map(([key, fingerprint]) => {
      const known = before?.get(key);
      const first = known?.fingerprint === fingerprint ? known.version : version;
      return [key, { fingerprint, version: first }];
    }),
  );
}

function parts({ values, certificates }: ConfigFacts): readonly (readonly [string, string])[] {
  return [
    ...values.filter(({ name }) => name !== '').map((each) => [keyOf(each), each.fingerprint] as const),
    ...certificates.flatMap(({ path, fingerprint }) =>
      fingerprint === undefined ? [] : [[keyOf({ file: path, name: '' }), fingerprint] as const],
    ),
  ];
}

function compare(before: Values, now: Values, manifest: Manifest, version: number): readonly Drift[] {
  const seen = { firstSeen: momentOf(manifest.mark), backupId: manifest.backupId };
  const changed = [...now].flatMap(([key, { fingerprint }]): readonly Drift[] => {
    const old = before.get(key);
    if (old?.fingerprint === fingerprint) return [];
    const kind = old === undefined ? 'added' : 'changed';
    return [{ ...nameOf(key), kind, ...seen, oldVersion: old?.version ?? 0, newVersion: version }];
  });
  const removed = [...before].flatMap(([key, old]): readonly Drift[] =>
    now.has(key)
      ? []
      : [{ ...nameOf(key), kind: 'removed', ...seen, oldVersion: old.version, newVersion: 0 }],
  );
  return [...changed, ...removed];
}

/** Names that live facts have otherwise than a manifest; for what changed since the last backup. Pure. */
export function driftedNames(
  then: ConfigFacts,
  now: Pick<ConfigFacts, 'values' | 'certificates'>,
): readonly string[] {
  const old = new Map(parts(then));
  const live = new Map(parts(now as ConfigFacts));
  const names = new Set([...old.keys(), ...live.keys()]);
  return [...names]
    .filter((key) => old.get(key) !== live.get(key))
    .map((key) => nameOf(key).name || nameOf(key).file);
}

const SEPARATOR = '\u0000';

function keyOf({ file, name }: { readonly file: string; readonly name: string }): string {
  return `${file}${SEPARATOR}${name}`;
}

function nameOf(key: string): { readonly file: string; readonly name: string } {
  const [file = '', name = ''] = key.split(SEPARATOR);
  return { file, name };
}

export function driftText(drifts: readonly Drift[], versions: number): string {
  if (versions < 2) return 'nothing to compare yet: drift is seen from the second backup on';
  if (drifts.length === 0) return `no name changed in ${versions} versions`;
  const rows = drifts.map(({ name, file, kind, firstSeen, oldVersion, newVersion }) => [
    name === '' ? '(whole file)' : name,
    kind,
    firstSeen,
    versionText(oldVersion),
    versionText(newVersion),
    file,
  ]);
  return table(['NAME', 'WHAT', 'FIRST SEEN', 'OLD', 'NEW', 'FILE'], rows);
}

const versionText = (version: number) => (version === 0 ? '-' : `v${version}`);
