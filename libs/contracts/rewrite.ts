import type { Spec } from './spec.ts';

/**
 * What settings files say where a run works. Values are texts in which `{database}`, `{host}` and `{port}` stand for
 * the database that is restored to and `{root:NAME}` for the folder of a root; or secrets, named and not written.
 */
export type Rewrite = Spec['config']['rewrite'][number];
type Values = Rewrite['set'];

/** A backup that goes back to where it came from comes back byte for byte; anywhere else the spec's rewrites apply. */
export function rewritesFor(
  spec: Spec,
  run: { readonly source: string; readonly relocationJson: string },
): readonly Rewrite[] {
  const elsewhere = run.source !== spec.deployment || run.relocationJson !== '';
  return elsewhere ? spec.config.rewrite : [];
}

interface Place {
  readonly name: string;
  readonly path: string;
}

/** The paths of roots are these, whatever becomes of the roots later. Pure. */
export function pinRoots(set: Values, roots: readonly Place[]): Values {
  return Object.fromEntries(
    Object.entries(set).map(([key, value]) => [
      key,
      typeof value === 'string' ? withRoots(value, roots) : value,
    ]),
  );
}

export interface DatabasePlace {
  readonly database: string;
  readonly host: string;
  readonly port: string;
}

/** Any other braces stay as they are. Pure. */
export function fillIn(text: string, spec: Spec, place: DatabasePlace): string {
  return withRoots(text, [...spec.files.roots, ...spec.config.trees]).replaceAll(
    /\{(database|host|port)\}/g,
    (_, name: keyof DatabasePlace) => place[name],
  );
}

function withRoots(text: string, roots: readonly Place[]): string {
  return text.replaceAll(
    /\{root:([^}]+)\}/g,
    (whole, name: string) => roots.find((root) => root.name === name)?.path ?? whole,
  );
}
