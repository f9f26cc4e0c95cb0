/**
 * Patterns of a root's `exclude`, relative to the root, matched against whole paths; a folder that matches is left out
 * with all below it. `*` and `?` stay within one name, `**` crosses folders: `cache`, `tmp/*.part`, `**` + `/__pycache__`.
 */
export function excludeMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map(expressionOf);
  return (path) => expressions.some((expression) => expression.test(path));
}

function expressionOf(pattern: string): RegExp {
  // Paths are bytes as latin1 text, so the pattern is matched as its bytes too.
  const bytes = Buffer.from(pattern.replace(/^\.?\//, '').replace(/\/+$/, '')).toString('latin1');
  const source = bytes.replaceAll(/\*\*\/|\*\*|\*|\?|[\\^$.|+()[\]{}]/g, (part) => {
    switch (part) {
      case '**/':
        return '(?:.*/)?';
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '?':
        return '[^/]';
      default:
        return `\\${part}`;
    }
  });
  return new RegExp(`^${source}$`, 's');
}
