import { isScalar, visit, type Document } from 'yaml';
import type { z } from 'zod';
import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { Spec } from './spec.ts';

/** One key of the text that has not the shape it should, with its line. Pure. */
export function shapeProblems(issue: z.core.$ZodIssue, document: Document): Problem[] {
  const where = (path: readonly PropertyKey[]): string => {
    const node = document.getIn(path as unknown[], true) as { range?: [number, number, number] } | undefined;
    const line = node?.range === undefined ? '' : ` (line ${lineOf(String(document), node.range[0])})`;
    return `${path.map(String).join('.') || 'spec'}${line}`;
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      problem(
        'SPEC_INVALID',
        where([...issue.path, key]),
        `unknown key ${JSON.stringify(key)}`,
        'remove it or correct its spelling; keys are listed in docs/spec.md',
      ),
    );
  }
  return [
    problem(
      'SPEC_INVALID',
      where(issue.path),
      issue.message.charAt(0).toLowerCase() + issue.message.slice(1),
    ),
  ];
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The one name that an object takes without a word and does not have: a variable of this name would be lost. */
export function protoKeys(document: Document): readonly Problem[] {
  const found: Problem[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === '__proto__')
        found.push(problem('SPEC_INVALID', '__proto__', 'cannot be a key', 'give it another name'));
    },
  });
  return found;
}

/** Parts that do not fit each other. Pure. */
export function relationProblems(spec: Spec): Problem[] {
  const problems: Problem[] = [];
  const roots = [...spec.files.roots, ...spec.config.trees];
  const names = new Set<string>();
  for (const root of roots) {
    if (names.has(root.name))
      problems.push(
        problem('SPEC_INVALID', `root ${root.name}`, `name ${JSON.stringify(root.name)} is given twice`),
      );
    names.add(root.name);
  }
  const files = spec.config.envFiles.map((file) => ({ ...file, name: `env file ${file.path}` }));
  for (const [at, { path }] of files.entries())
    if (files.findIndex((other) => other.path === path) < at)
      problems.push(
        problem(
          'SPEC_INVALID',
          `env file ${path}`,
          'is given twice: a drill and a rescue bring all sites together, so each needs a path of its own',
        ),
      );
  for (const place of [...roots, ...files]) {
    const outer = roots.find(
      (root) =>
        root.name !== place.name && root.site === place.site && `${place.path}/`.startsWith(`${root.path}/`),
    );
    if (outer !== undefined)
      problems.push(
        problem(
          'SPEC_INVALID',
          place.name,
          `${place.path} lies in root ${JSON.stringify(outer.name)} (${outer.path}) and would be restored twice`,
          'remove it: what lies in a root is backed up with it',
        ),
      );
  }
  const { spare } = spec.database;
  const atConfig = spec.config.envFiles.filter(({ site }) => site === spec.config.site);
  if (spare !== undefined && !atConfig.some(({ path }) => path === spare.envFile))
    problems.push(
      problem(
        'SPEC_INVALID',
        'database.spare',
        `${spare.envFile} is not declared in config.envFiles, at config.site`,
      ),
    );
  if (spare !== undefined && spare.names[0] === spare.names[1])
    problems.push(problem('SPEC_INVALID', 'database.spare', 'names the same database twice'));
  const fileRoots = new Set(spec.files.roots.map((root) => root.name));
  for (const rule of spec.files.documents) {
    if (!fileRoots.has(rule.root))
      problems.push(
        problem(
          'SPEC_INVALID',
          `files.documents of ${rule.table}`,
          `root ${JSON.stringify(rule.root)} is not declared in files.roots`,
        ),
      );
  }
  return [...problems, ...rewriteProblems(spec)];
}

function rewriteProblems({ files, config }: Spec): Problem[] {
  const places = [...files.roots, ...config.trees].map(({ path }) => path);
  const envFiles = new Set(config.envFiles.map(({ path }) => path));
  const seen = new Set<string>();
  return config.rewrite.flatMap(({ file, set }) => {
    const given = seen.has(file);
    seen.add(file);
    const kept = envFiles.has(file) || places.some((path) => file.startsWith(`${path}/`));
    const unknown = Object.values(set).flatMap((value) =>
      typeof value === 'string' ? unknownNames(value, [...files.roots, ...config.trees]) : [],
    );
    return [
      ...(given ? [`${file} is given twice`] : []),
      ...(kept ? [] : [`${file} is no env file of the spec and lies in no root`]),
      ...unknown.map((name) => `{${name}} is no root of the spec`),
    ].map((message) => problem('SPEC_INVALID', 'config.rewrite', message));
  });
}

function unknownNames(value: string, roots: readonly { readonly name: string }[]): readonly string[] {
  return [...value.matchAll(/\{root:([^}]*)\}/g)].flatMap(([, name]) =>
    roots.some((root) => root.name === name) ? [] : [`root:${name}`],
  );
}
