import { parseDocument } from 'yaml';
import { z } from 'zod';
import { COMPONENTS } from './sites.ts';
import { DURATION_PATTERN } from '#libs/kernel/duration.ts';
import { HoldfastError, problem } from '#libs/kernel/errors.ts';
import { sha256, TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import { retention } from './keep.ts';
import { isSchedule, isTimezone } from './schedule.ts';
import { protoKeys, relationProblems, shapeProblems } from './spec-problems.ts';

/** A deployment's declaration (docs/spec.md). Unknown keys are errors: a misspelt one would silently leave data out. */
export type Spec = z.infer<typeof specSchema>;

/** Types of CloudEvents that a spec may name. */
export const TRIGGER_TYPE_PATTERN = /^[a-z0-9.]+$/;

const token = z.string().regex(TOKEN_PATTERN, 'wanted: lower case letters, digits and dashes');
export const absolutePath = z
  .string()
  .refine(
    (path) => path.startsWith('/') && !path.split('/').includes('..'),
    'wanted: an absolute path without ..',
  );
const identifier = z.string().min(1).max(63);
const duration = z.string().regex(DURATION_PATTERN, 'wanted: a number and s, m, h or d');
const site = token.default('local');
/**
 * A secret is named, never written: `env` is looked up in the worker's environment and in services.env, `file` is the
 * first line of a file that only its owner may read.
 */
export const secretRef = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  z.strictObject({ file: absolutePath }),
]);
export type SecretRef = z.infer<typeof secretRef>;
const argumentArray = z.array(z.string().min(1)).min(1);

const hookLists = {
  stop: z.array(argumentArray).default([]),
  reset: z.array(argumentArray).default([]),
  start: z.array(argumentArray).default([]),
};

/** Settings that name this deployment's database and places, in a file that is an env file or lies in a root or tree. */
const rewriteSchema = z.strictObject({
  file: absolutePath,
  format: z.enum(['json', 'yaml', 'env']),
  /** Dotted key, or variable → what it is where the run works; see libs/contracts/rewrite.ts. */
  set: z
    .record(z.string().min(1), z.union([z.string(), secretRef]))
    .refine((set) => Object.keys(set).length > 0, 'wanted: at least one key'),
});

const rootSchema = z.strictObject({
  name: token,
  path: absolutePath,
  optional: z.boolean().default(false),
  exclude: z.array(z.string().min(1)).default([]),
  site,
});

export const specSchema = z.strictObject({
  deployment: token,
  profile: z.enum(['django', 'plain']).default('plain'),
  database: z.strictObject({
    url: secretRef,
    restoreUrl: secretRef.optional(),
    /** Instead of the name in the addresses. */
    name: identifier.optional(),
    /**
     * For a role that may not create databases: two of them that it owns, and where the application reads which is its
     * own. A restore fills the other one and switches the env file.
     */
    spare: z
      .strictObject({
        names: z.tuple([identifier, identifier]),
        envFile: absolutePath,
        variable: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
      })
      .optional(),
    exclude: z.array(z.strictObject({ table: z.string().min(1), reason: z.string().min(1) })).default([]),
    site,
  }),
  files: z
    .strictObject({
      roots: z.array(rootSchema).default([]),
      documents: z
        .array(
          z.strictObject({
            table: identifier,
            path: identifier,
            sha256: identifier.optional(),
            size: identifier.optional(),
            root: token,
            /** Rows hold paths that begin with this; the rest is relative to the root. Rows without it are not this rule's. */
            prefix: z.string().default(''),
            /** Folder below the root that the rest is relative to. */
            base: z
              .string()
              .refine(
                (path) => !path.startsWith('/') && !path.split('/').includes('..'),
                'wanted: a relative path without ..',
              )
              .default(''),
          }),
        )
        .default([]),
    })
    .prefault({}),
  config: z
    .strictObject({
      envFiles: z
        .array(
          z.union(
            [absolutePath, z.strictObject({ path: absolutePath, site: token })],
            'wanted: an absolute path, or { path, site }',
          ),
        )
        .default([]),
      trees: z.array(rootSchema).default([]),
      require: z.array(z.string().min(1)).default([]),
      /** Variables that are this deployment's own, whatever backup is restored to it: given to the env files as staged. */
      set: z
        .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.union([z.string(), secretRef]))
        .default({}),
      /** Applied wherever a backup is restored elsewhere: another's, beside the living system, in a sandbox. */
      rewrite: z.array(rewriteSchema).default([]),
      site,
    })
    .transform(({ envFiles, ...config }) => ({
      ...config,
      envFiles: envFiles.map((file) => (typeof file === 'string' ? { path: file, site: config.site } : file)),
    }))
    .prefault({}),
  /** What is not taken over from a backup. Without a word: nothing of one's own, sessions and schedules of another's. */
  restore: z
    .strictObject({
      sessions: z.enum(['keep', 'drop']).optional(),
      schedules: z.enum(['keep', 'hold']).optional(),
    })
    .prefault({}),
  application: z
    .strictObject({
      root: absolutePath,
      python: absolutePath,
      manage: z.string().default('manage.py'),
      /** How a drill starts it, to listen where its checks ask. */
      serve: argumentArray.optional(),
    })
    .optional(),
  runtime: z.strictObject({ require: z.array(z.string().min(1)).default([]) }).prefault({}),
  policy: z
    .strictObject({
      rpo: duration.default('26h'),
      rto: duration.default('30m'),
      partial: z.enum(['keep', 'refuse']).default('keep'),
      schedule: z
        .string()
        .refine(isSchedule, 'wanted: five cron fields (minute hour day month weekday) that fit some day')
        .optional(),
      timezone: z.string().refine(isTimezone, 'wanted: a time zone such as Europe/Berlin').default('UTC'),
      /** What a table that turned empty, a root that is gone or a key that changed does to the next backup. */
      changes: z.enum(['warn', 'refuse']).default('warn'),
      /** Tables (`schema.table` or a name of the public schema) and roots that may turn empty: queues, caches. */
      mayEmpty: z.array(z.string().min(1)).default([]),
      /** A backup counts for the RPO from this level of proof on. */
      rpoLevel: z.int().min(0).max(5).default(1),
      drill: z.strictObject({ every: duration }).optional(),
      replicate: z.strictObject({ every: duration }).optional(),
      /** Every pack is read again within this time, a share of them each day. */
      scrub: z.strictObject({ every: duration, bytesPerSecond: z.int().min(1).optional() }).optional(),
      ...retention,
    })
    .prefault({}),
  /** Whom the runbook names: people and telephone numbers, as they are to be read. */
  contacts: z.array(z.string().min(1)).default([]),
  triggers: z
    .record(
      z.string().regex(TRIGGER_TYPE_PATTERN),
      z.strictObject({
        /** Some components only: a change of settings need not copy the database. */
        backup: z.union([z.literal('all'), z.array(z.enum(COMPONENTS)).min(1)]),
        debounce: duration.default('0s'),
        minInterval: duration.default('0s'),
      }),
    )
    .default({}),
  hooks: z
    .strictObject({
      ...hookLists,
      site,
      /** Parts of the application on other hosts: stopped after it, in this order, and started before it. */
      elsewhere: z.array(z.strictObject({ ...hookLists, site: token })).default([]),
    })
    .prefault({}),
  checks: z
    .array(
      z.union([
        z.strictObject({
          name: z.string().min(1),
          http: z.strictObject({ url: z.url(), status: z.int().min(100).max(599).default(200) }),
        }),
        /** Run by drills only: in the sandbox, in the application's folder. */
        z.strictObject({ name: z.string().min(1), command: argumentArray }),
      ]),
    )
    .default([]),
  /** What a drill tells the application instead of what its env files say. */
  drill: z
    .strictObject({ set: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}) })
    .prefault({}),
  verify: z
    .strictObject({
      /** Programs like the customer's, or a server to restore to; otherwise a private cluster of the programs found here. */
      postgres: z
        .union([z.strictObject({ bin: absolutePath }), z.strictObject({ url: secretRef })])
        .optional(),
    })
    .prefault({}),
});

/**
 * Parses the YAML text of a spec. Throws SPEC_INVALID with every problem at once, each with line, value seen and
 * value wanted; relations between parts (a document rule's root) are checked as well.
 */
export function parseSpec(text: string): Spec {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const syntax = document.errors.map((error) =>
    problem('SPEC_INVALID', 'yaml', error.message.split('\n')[0] ?? error.message),
  );
  const found = [...syntax, ...protoKeys(document)];
  if (found.length > 0) throw new HoldfastError('SPEC_INVALID', {}, { problems: found });
  const parsed = specSchema.safeParse(document.toJS());
  if (!parsed.success) {
    throw new HoldfastError(
      'SPEC_INVALID',
      {},
      { problems: parsed.error.issues.flatMap((issue) => shapeProblems(issue, document)) },
    );
  }
  const crossed = relationProblems(parsed.data);
  if (crossed.length > 0) throw new HoldfastError('SPEC_INVALID', {}, { problems: crossed });
  return parsed.data;
}

export function specDigest(text: string): string {
  return sha256(text);
}
