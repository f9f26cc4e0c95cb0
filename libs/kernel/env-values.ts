/**
 * Variables of an application's env file. Tolerant, for a line we do not understand must not fail a backup: the file
 * itself is kept byte for byte whatever it says. Quoted values may go over several lines (keys in PEM form do); the
 * last of several wins, as in a shell.
 */
export function envValues(content: Uint8Array): ReadonlyMap<string, string> {
  const text = Buffer.from(content)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  const values = new Map<string, string>();
  for (const match of text.matchAll(ASSIGNMENT)) {
    const { name, double, single, bare } = match.groups as Record<string, string | undefined>;
    const plain = (bare ?? '').replace(/\s+#.*$/, '').trim();
    values.set(name!, double?.replaceAll(/\\([\\"$`])/g, '$1') ?? single ?? plain);
  }
  return values;
}

const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?(?<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?:"(?<double>(?:[^"\\]|\\[^])*)"[ \t]*(?:#.*)?$|'(?<single>[^']*)'[ \t]*(?:#.*)?$|(?<bare>.*)$)/gm;
