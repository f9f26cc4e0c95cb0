import { z } from 'zod';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { canonicalJson, jsonIfAny } from '#libs/kernel/json.ts';
import { COMPONENTS, type ComponentName } from './sites.ts';

/**
 * The manifest: one backup, readable JSON without secrets or document content, signed by the repository's key. Its
 * existence is the commit; it is created once and last. Everything it cites is durable before it.
 */
const leftOut = z.object({
  component: z.string(),
  what: z.string(),
  reason: z.string(),
  partial: z.boolean(),
});
export type LeftOut = z.infer<typeof leftOut>;

/** What differs from the backup before in a way that nobody may overlook. */
const change = z.object({
  kind: z.enum([
    'table-emptied',
    'table-gone',
    'tree-emptied',
    'tree-gone',
    'key-changed',
    'key-gone',
    'certificate-changed',
    'certificate-gone',
    'instance-changed',
    'database-changed',
  ]),
  /** `schema.table`, a root, a variable, a certificate's path, or `database`. */
  subject: z.string(),
  before: z.string(),
  after: z.string(),
  /** The last backup that had it as it was before. */
  since: z.string(),
});
export type Change = z.infer<typeof change>;

const snapshotEntry = z.object({
  component: z.enum(COMPONENTS),
  id: z.string(),
  digest: z.string(),
  /** Absent: `local`. */
  site: z.string().optional(),
  sourceBytes: z.number(),
  newBytes: z.number(),
  packs: z.array(z.string()),
  facts: z.record(z.string(), z.unknown()),
});

export const manifestSchema = z.object({
  format: z.literal(1),
  repository: z.string(),
  backupId: z.string(),
  runId: z.string(),
  deployment: z.string(),
  profile: z.string(),
  specVersion: z.int(),
  specDigest: z.string(),
  principal: z.string(),
  /** The moment rows, files and configuration stand for; without rows the one before the walk. */
  mark: z.string(),
  startedAt: z.string(),
  committedAt: z.string(),
  /** Of what was asked for: see `isWhole`. */
  completeness: z.enum(['complete', 'partial']),
  /** Named with its reason; entries with `partial` make the backup partial. */
  leftOut: z.array(leftOut),
  snapshots: z.array(snapshotEntry),
  verification: z.object({
    checks: z.array(z.object({ name: z.string(), level: z.int(), ok: z.boolean(), detail: z.string() })),
    notChecked: z.array(z.string()),
  }),
  /** What preflight said about each component's host: versions, sizes. */
  preflight: z.record(z.string(), z.unknown()),
  /** The complete backup before this one; absent in the first. */
  comparedWith: z.string().optional(),
  changes: z.array(change).optional(),
  /** Who said that the changes are meant; absent when nobody did, and then the next backup says them again. */
  changesAcceptedBy: z.string().optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestSnapshot = Manifest['snapshots'][number];

export interface Held {
  readonly snapshots: readonly { readonly component: ComponentName }[];
}

export function componentsIn({ snapshots }: Held): readonly ComponentName[] {
  return COMPONENTS.filter((name) => snapshots.some(({ component }) => component === name));
}

/** Not of some components only: what a loss of everything is restored from. */
export function isWhole(manifest: Held): boolean {
  return holds(manifest, []);
}

/** None asked for is all. */
export function holds(manifest: Held, components: readonly string[]): boolean {
  const held = new Set<string>(componentsIn(manifest));
  return new Set(components.length === 0 ? COMPONENTS : components).isSubsetOf(held);
}

/** Facts of a component, of all its sites together; undefined where the backup has none. */
export function factsOf<T>(snapshots: readonly ManifestSnapshot[], component: string): T | undefined {
  const own = snapshots.filter((snapshot) => snapshot.component === component).map(({ facts }) => facts);
  return own.length === 0 ? undefined : (own.reduce(joinFacts) as T);
}

/** Lists one after the other, records by name: what components say of several sites has no other shape in common. */
export function joinFacts<T>(one: T, other: T): T {
  if (Array.isArray(one) && Array.isArray(other)) return [...one, ...other] as T;
  if (!isRecord(one) || !isRecord(other)) return other;
  const both = Object.keys(other).filter((name) => name in one);
  return {
    ...one,
    ...other,
    ...Object.fromEntries(both.map((name) => [name, joinFacts(one[name], other[name])])),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As stored: `signature` is Ed25519 over the canonical JSON (RFC 8785) of `manifest`. */
const signedSchema = z.object({ manifest: z.json(), signature: z.string() });

/** Signed by whom `verify` knows, and of the name it lies under. Throws MANIFEST_DAMAGED with the reason. */
export function openManifest(
  bytes: Buffer,
  where: { readonly deployment: string; readonly id: string },
  verify: (bytes: Buffer, signature: string) => boolean,
): Manifest {
  const damaged = (reason: string) => new HoldfastError('MANIFEST_DAMAGED', { ...where, reason });
  const signed = signedSchema.safeParse(jsonIfAny(bytes));
  if (!signed.success) throw damaged('not a manifest');
  const { signature } = signed.data;
  // All that was signed, also what a later version adds and this one does not know.
  if (!verify(Buffer.from(canonicalJson(signed.data.manifest)), signature))
    throw damaged('signature does not hold');
  const parsed = manifestSchema.safeParse(signed.data.manifest);
  if (!parsed.success) throw damaged('not a manifest');
  const manifest = parsed.data;
  if (manifest.deployment !== where.deployment || manifest.backupId !== where.id)
    throw damaged('lies under another name');
  return manifest;
}
