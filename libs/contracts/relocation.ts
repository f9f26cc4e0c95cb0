import { z } from 'zod';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import { jsonIfAny } from '#libs/kernel/json.ts';
import { pinRoots } from './rewrite.ts';
import { absolutePath, secretRef, type Spec } from './spec.ts';
import { parseWith } from './step.ts';

/** The server would cut a longer one by itself, without a word. */
const databaseName = z
  .string()
  .min(1)
  .refine((name) => new TextEncoder().encode(name).length <= 63, 'wanted: at most 63 bytes');

const tableChoice = z.strictObject({
  /** Without a schema: the one of `public`, or the only one of that name. */
  names: z.array(z.strictObject({ schema: z.string().min(1).optional(), name: z.string().min(1) })).min(1),
  /** With every table that their foreign keys lead to, by way of any others. */
  withReferenced: z.boolean().default(false),
});
export type TableChoice = z.infer<typeof tableChoice>;

/**
 * Where a run works instead of where the spec says: beside the living system, or in a sandbox. Workers see a spec that
 * is already relocated, so no step knows of it. Holds names and places, never a secret.
 */
export const relocationSchema = z.strictObject({
  /** Another server, or another database name on the same one. */
  database: z
    .strictObject({
      url: secretRef.optional(),
      name: databaseName.optional(),
      /** Only these tables of the backup, in a new database of that name; nothing else is restored. */
      tables: tableChoice.optional(),
    })
    .refine(({ name, tables }) => tables === undefined || name !== undefined, 'wanted: a name, for tables')
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

/** The tables that a run restores into a database of their own; undefined for one that restores whole components. Throws MESSAGE_MALFORMED. */
export function chosenTables({
  relocationJson = '',
}: {
  readonly relocationJson?: string;
}): TableChoice | undefined {
  return parseRelocation(relocationJson)?.database.tables;
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
