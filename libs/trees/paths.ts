import { isUtf8 } from 'node:buffer';
import { HoldfastError } from '#libs/kernel/errors.ts';

/** Paths below a root are bytes, carried as latin1 text: any name a file system allows survives, JSON included. */
export const TOP = '.';

const SEPARATOR = Buffer.from('/');

/** Absolute byte path of a record below a folder. */
export function fullPath(folder: string | Buffer, path: string): Buffer {
  const base = Buffer.from(folder);
  return path === TOP ? base : Buffer.concat([base, SEPARATOR, Buffer.from(path, 'latin1')]);
}

export function childPath(folder: string, name: Buffer): string {
  const text = name.toString('latin1');
  return folder === TOP ? text : `${folder}/${text}`;
}

export function parentPath(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? TOP : path.slice(0, cut);
}

/** For people: UTF-8 text; control characters and bytes that are not UTF-8 as \xNN. */
export function showPath(path: string): string {
  const bytes = Buffer.from(path, 'latin1');
  let shown = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at]!);
    const sequence = bytes.subarray(at, at + length);
    const readable =
      bytes[at]! >= 0x20 && bytes[at] !== 0x7f && sequence.length === length && isUtf8(sequence);
    shown += readable ? sequence.toString('utf8') : `\\x${bytes[at]!.toString(16).padStart(2, '0')}`;
    at += readable ? length : 1;
  }
  return shown;
}

/** A listing is input like any other: a path that leaves its root is never written. Throws PATH_ESCAPES_ROOT. */
export function requireInside(root: string, path: string): void {
  if (path === TOP) return;
  const odd = path.split('/').some((name) => name === '' || name === '.' || name === '..');
  if (odd || path.includes('\0'))
    throw new HoldfastError('PATH_ESCAPES_ROOT', { root, path: showPath(path) });
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
