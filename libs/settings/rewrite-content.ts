import { isAlias, isNode, isScalar, parseDocument, Scalar } from 'yaml';
import { setVariables } from './env-edit.ts';
import { envValues } from '#libs/kernel/env-values.ts';
import type { ResolvedRewrite } from './resolve-rewrites.ts';

export interface Rewritten {
  readonly content: Buffer;
  /** Keys whose value became another one. */
  readonly changed: readonly string[];
  /** Keys that the content does not have, or not as one plain value. */
  readonly unmatched: readonly string[];
}

/** Other values for the named keys, and all else byte for byte; a value that is right already stays as it is written. */
export function rewriteContent(
  content: Uint8Array,
  { format, values }: Pick<ResolvedRewrite, 'format' | 'values'>,
): Rewritten {
  return format === 'env' ? rewriteEnv(content, values) : rewriteTree(content, values);
}

function rewriteEnv(content: Uint8Array, values: ReadonlyMap<string, string>): Rewritten {
  const now = envValues(content);
  const unmatched = [...values.keys()].filter((name) => !now.has(name));
  const other = new Map([...values].filter(([name, value]) => now.has(name) && now.get(name) !== value));
  return { content: setVariables(content, other), changed: [...other.keys()], unmatched };
}

interface Edit {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** JSON is YAML as far as it goes here: where each value lies in the text. */
function rewriteTree(content: Uint8Array, values: ReadonlyMap<string, string>): Rewritten {
  const text = Buffer.from(content).toString('utf8');
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false });
  const whole = document.errors.length === 0 && Buffer.from(text).equals(content);
  const unmatched: string[] = [];
  const edits: Edit[] = [];
  for (const [key, value] of values) {
    const node = whole ? findScalar(document, key.split('.')) : undefined;
    if (node === undefined) unmatched.push(key);
    else if (String(node.value) !== value)
      edits.push({ key, from: node.range![0], to: node.range![1], text: written(node, value) });
  }
  const edited = edits
    .toSorted((one, other) => other.from - one.from)
    .reduce((now, { from, to, text: fresh }) => now.slice(0, from) + fresh + now.slice(to), text);
  return { content: Buffer.from(edited), changed: edits.map(({ key }) => key), unmatched };
}

const ONE_LINE: readonly (string | undefined)[] = [Scalar.PLAIN, Scalar.QUOTE_DOUBLE, Scalar.QUOTE_SINGLE];

/** A value that others share, or of more than a line, is not one to be replaced by itself. */
function findScalar(document: ReturnType<typeof parseDocument>, path: readonly string[]): Scalar | undefined {
  const node = document.getIn(path, true);
  if (!isNode(node) || isAlias(node) || !isScalar(node)) return undefined;
  const own = node.anchor === undefined && node.tag === undefined && ONE_LINE.includes(node.type);
  return own && node.range ? node : undefined;
}

/** A number stays one. */
function written(node: Scalar, value: string): string {
  const isNumber = typeof node.value === 'number' && String(Number(value)) === value;
  return isNumber ? value : JSON.stringify(value);
}
