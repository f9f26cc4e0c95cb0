import { z } from 'zod';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import { jsonIfAny } from '#libs/kernel/json.ts';
import { pinRoots } from './rewrite.ts';
import { absolutePath, secretRef, type Spec } from './spec.ts';
import { parseWith } from './step.ts';

/**
 * Where a run works instead of where the spec says: beside the living system, or in a sandbox. Workers see a spec that
 * is already relocated, so no step knows of it. Holds names and places, never a secret.
 */
export const relocationSchema = z.strictObject({
  /** Another server, or another database name on the same one. */
  database: z
    .strictObject({ url: secretRef.optional(), name: z.string().min(1).max(63).optional() })
    .default({}),
  /** Root or tree → folder. Those not named stay where they are. */
  roots: z.record(z.string(), absolutePath).default({}),
  /** Env file → file. */
  envFiles: z.record(z.string(), absolutePath).default({}),
  /** The application sees its places where the spec says, wherever they lie. */
  mounted: z.boolean().default(false),
  /** All of it is there: a sandbox is of one site. */
  site: z.string().regex(TOKEN_PATTERN).optional(),
  /** The application at its usual place is neither stopped nor started, nor asked. */
  application: z.enum(['keep', 'leave-alone']).default('leave-alone'),
});
export type Relocation = z.infer<typeof relocationSchema>;

/** Empty text is none. Throws MESSAGE_MALFORMED. */
export function parseRelocation(json: string): Relocation | undefined {
  return json === '' ? undefined : parseWith(relocationSchema, jsonIfAny(json), 'relocation');
}

/** Pure. */
export function relocate(spec: Spec, relocation: Relocation | undefined): Spec {
  if (relocation === undefined) return spec;
  const { database, roots, envFiles, site, application, mounted } = relocation;
  const there = site === undefined ? {} : { site };
  const place = <T extends { readonly name: string; readonly path: string }>(root: T): T => ({
    ...root,
    ...there,
    path: roots[root.name] ?? root.path,
  });
  const all = [...spec.files.roots, ...spec.config.trees];
  const fileAt = (file: string): string => {
    const root = all.find(({ path }) => file.startsWith(`${path}/`));
    return root === undefined
      ? (envFiles[file] ?? file)
      : `${place(root).path}${file.slice(root.path.length)}`;
  };
  const elsewhere = database.url !== undefined || database.name !== undefined;
  const { spare, ...declared } = spec.database;
  const moved: Spec = {
    ...spec,
    database: {
      ...declared,
      ...there,
      ...(spare === undefined || elsewhere ? {} : { spare }),
      ...(database.url === undefined ? {} : { url: database.url, restoreUrl: database.url }),
      ...(database.name === undefined ? {} : { name: database.name }),
    },
    files: { ...spec.files, roots: spec.files.roots.map(place) },
    config: {
      ...spec.config,
      ...there,
      trees: spec.config.trees.map(place),
      envFiles: spec.config.envFiles.map((file) => ({
        ...file,
        ...there,
        path: envFiles[file.path] ?? file.path,
      })),
      rewrite: spec.config.rewrite.map((rewrite) => ({
        ...rewrite,
        file: fileAt(rewrite.file),
        ...(mounted ? { set: pinRoots(rewrite.set, all) } : {}),
      })),
    },
  };
  return application === 'keep'
    ? moved
    : {
        ...moved,
        hooks: { stop: [], reset: [], start: [], site: spec.hooks.site, elsewhere: [] },
        checks: [],
      };
}
