import type { Spec } from './spec.ts';

/**
 * The site that goes without saying: places, steps, snapshots and kept states that name none are there. So a deployment
 * of one host reads as if there were no sites.
 */
export const LOCAL = 'local';

/** In the order in which they are taken and staged. */
export const COMPONENTS = ['database', 'files', 'config'] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** What one worker takes or restores of a deployment. */
export interface Part {
  readonly component: ComponentName;
  readonly site: string;
}

/** Where a deployment's parts and programs are. */
export interface Sites {
  readonly database: string;
  readonly files: readonly string[];
  readonly config: readonly string[];
  /** Where the application is stopped and started; at the first of them it is asked. */
  readonly hooks: readonly string[];
}

/** `name`, or `name.site` for another site than `local`. */
export function nameAt(name: string, site: string): string {
  return site === LOCAL ? name : `${name}.${site}`;
}

/** The field of a record that is at a site. */
export function siteField(site: string): { readonly site?: string } {
  return site === LOCAL ? {} : { site };
}

/** A component of which nothing is declared is where the database (or the hooks) are: its empty snapshot is taken there. */
export function sitesOf({ database, files, config, hooks }: Spec): Sites {
  return {
    database: database.site,
    files: orElse(
      files.roots.map(({ site }) => site),
      database.site,
    ),
    config: orElse(
      [...config.envFiles, ...config.trees].map(({ site }) => site),
      config.site,
    ),
    hooks: [hooks.site, ...hooks.elsewhere.map(({ site }) => site)],
  };
}

/** In the order in which they are taken and staged. */
export function partsOf({ database, files, config }: Sites): readonly Part[] {
  return [
    { component: 'database', site: database },
    ...files.map((site): Part => ({ component: 'files', site })),
    ...config.map((site): Part => ({ component: 'config', site })),
  ];
}

/** What of the declared trees and configuration lies at a site; variables that are required or set are `config.site`'s. */
export function atSite(spec: Spec, site: string): Spec {
  const { files, config, runtime } = spec;
  const here = <T extends { readonly site: string }>(root: T): boolean => root.site === site;
  const elsewhere = { require: [], set: {} };
  const { spare, ...database } = spec.database;
  return {
    ...spec,
    database: config.site === site && spare !== undefined ? { ...database, spare } : database,
    files: { ...files, roots: files.roots.filter(here) },
    config: {
      ...config,
      ...(config.site === site ? {} : elsewhere),
      envFiles: config.envFiles.filter(here),
      trees: config.trees.filter(here),
    },
    runtime: config.site === site ? runtime : { require: [] },
  };
}

function orElse(sites: readonly string[], otherwise: string): readonly string[] {
  return sites.length === 0 ? [otherwise] : [...new Set(sites)];
}
