const SLASH = 0x2f;

/** Order of a walk that goes folder before content, names by bytes; below zero when `a` comes first. Paths are latin1. */
export function compareInWalk(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '.') return -1;
  if (b === '.') return 1;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return rankAt(a, at) - rankAt(b, at);
}

/** The end of a path comes before its content, and the content of a folder before longer names. */
function rankAt(path: string, at: number): number {
  if (at >= path.length) return -2;
  const byte = path.charCodeAt(at);
  return byte === SLASH ? -1 : byte;
}
