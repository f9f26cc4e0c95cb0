/**
 * An env file whose named variables are the deployment's own: every other line is the snapshot's, in its order. Not by
 * the code that set them: both texts lose the assignments of those names, and what is left must be equal. Pure.
 */
export function overriddenDifference(
  then: Uint8Array,
  now: Uint8Array,
  names: ReadonlySet<string>,
): string | undefined {
  const [before, after] = [rest(then, names), rest(now, names)];
  if (before.length !== after.length)
    return `has ${after.length} lines besides what the spec sets, had ${before.length}`;
  const at = before.findIndex((line, index) => line !== after[index]);
  return at < 0 ? undefined : `line ${at + 1} besides what the spec sets is another one`;
}

function rest(content: Uint8Array, names: ReadonlySet<string>): readonly string[] {
  const value = `(?:"(?:[^"\\\\]|\\\\[^])*"|'[^']*'|.*?)(?=[ \\t]*(?:#.*)?$)`;
  const assignment = new RegExp(
    `^[ \\t]*(?:export[ \\t]+)?(?:${[...names].join('|')})[ \\t]*=[ \\t]*${value}`,
    'gm',
  );
  return Buffer.from(content)
    .toString('latin1')
    .replace(assignment, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
}
