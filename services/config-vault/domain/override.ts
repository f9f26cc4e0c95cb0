import { ownVariables } from '#libs/contracts/spare.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import type { ConfigFacts } from '#libs/contracts/tree-snapshot.ts';
import { appendVariables, setVariables } from '#libs/settings/env-edit.ts';
import { envValues } from '#libs/kernel/env-values.ts';

/** Env files, by order, with the deployment's own variables; a variable that none has goes to the first. Pure. */
export function override(
  files: readonly Uint8Array[],
  values: ReadonlyMap<string, string>,
): readonly Buffer[] {
  const held = new Set(files.flatMap((file) => [...envValues(file).keys()]));
  const unheld = new Map([...values].filter(([name]) => !held.has(name)));
  return files.map((file, at) => {
    const edited = setVariables(file, values);
    return at === 0 ? appendVariables(edited, unheld) : edited;
  });
}

export interface VariableChange {
  readonly name: string;
  /** set: the spec's own; missing: the target has it, and would not have it any more. */
  readonly change: 'set' | 'added' | 'changed' | 'same' | 'missing';
}

/** What a restore would do to the variables of the target: names, never values. Pure. */
export function diffVariables(
  spec: Spec,
  facts: Pick<ConfigFacts, 'values'>,
  now: ReadonlyMap<string, string>,
): readonly VariableChange[] {
  const then = new Map(facts.values.map(({ name, fingerprint }) => [name, fingerprint]));
  then.delete('');
  const own = new Set(ownVariables(spec));
  const names = new Set([...then.keys(), ...now.keys(), ...own]);
  return [...names].toSorted().map((name) => ({ name, change: changeOf(name) }));

  function changeOf(name: string): VariableChange['change'] {
    if (own.has(name)) return 'set';
    const [old, fresh] = [now.get(name), then.get(name)];
    if (fresh === undefined) return 'missing';
    if (old === undefined) return 'added';
    return old === fresh ? 'same' : 'changed';
  }
}
