import { readFile, realpath } from 'node:fs/promises';

/**
 * Mount points at a path and below it. A rename moves none of them and crosses none, and a bind mount of the same device
 * shows in nothing else. None where the system does not tell: there the switch itself meets them, and is put back.
 */
export async function mountsFrom(path: string): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  // The folder of a process in another namespace has no path here.
  const real = await realpath(path).catch(() => path);
  const inside = real === '/' ? '/' : `${real}/`;
  return table
    .split('\n')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((point) => point === real || point.startsWith(inside))
    .map((point) => `${path}${point.slice(real.length)}`);
}

/** Space, tab, line break and backslash are written in octal. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  );
}
