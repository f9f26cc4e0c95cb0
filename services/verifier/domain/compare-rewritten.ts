import { parse } from 'yaml';
import type { ResolvedRewrite } from '#libs/settings/resolve-rewrites.ts';
import { envValues } from '#libs/kernel/env-values.ts';
import { overriddenDifference } from './compare-overridden.ts';

/**
 * A settings file whose declared keys are to have declared values, and nothing else may differ. Not by the code that
 * wrote it: both texts are read whole, value by value. `own` are variables of `config.set`, which outrank it. Names keys, never values. Pure.
 */
export function rewrittenDifference(
  then: Uint8Array,
  now: Uint8Array,
  { format, values }: Pick<ResolvedRewrite, 'format' | 'values'>,
  own: ReadonlySet<string> = new Set(),
): string | undefined {
  if (format === 'env') {
    const seen = envValues(now);
    const wrong = [...values].find(([name, value]) => !own.has(name) && seen.get(name) !== value);
    return wrong === undefined
      ? overriddenDifference(then, now, new Set([...values.keys(), ...own]))
      : `${wrong[0]} is not what the spec says`;
  }
  const [before, after] = [read(then, format), read(now, format)];
  const lines = before.lines.filter((line, at) => line !== after.lines[at]).length;
  return (
    differentKey(before.leaves, after.leaves, values) ??
    (before.lines.length === after.lines.length && lines <= values.size
      ? undefined
      : 'differs beyond the values that the spec sets')
  );
}

function read(content: Uint8Array, format: 'json' | 'yaml') {
  const text = Buffer.from(content).toString('utf8');
  const value: unknown = format === 'json' ? JSON.parse(text) : parse(text);
  return { lines: text.split('\n'), leaves: leavesOf(value) };
}

function differentKey(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  values: ReadonlyMap<string, string>,
): string | undefined {
  const [then, now] = [before, after].map((leaves) => [...leaves.keys()]);
  if (JSON.stringify(then) !== JSON.stringify(now)) return 'has other keys';
  for (const [key, value] of after) {
    const wanted = values.get(key);
    const old = before.get(key);
    if (wanted === undefined ? value !== old : String(value) !== wanted)
      return `${key} is not what ${wanted === undefined ? 'it was' : 'the spec says'}`;
  }
  const absent = [...values.keys()].find((key) => !after.has(key));
  return absent === undefined ? undefined : `${absent} is not there`;
}

/** Every single value by its dotted key, in order; empty lists and objects are values as well. */
function leavesOf(value: unknown, path: readonly string[] = []): ReadonlyMap<string, unknown> {
  const children = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (children.length === 0)
    return new Map([[path.join('.'), typeof value === 'object' ? JSON.stringify(value) : value]]);
  return new Map(children.flatMap(([key, child]) => [...leavesOf(child, [...path, key])]));
}
