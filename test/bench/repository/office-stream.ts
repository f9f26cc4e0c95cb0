import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

const MIB = 1024 * 1024;
const WORDS = 4_000;

/**
 * Writes a file as a store of office documents is, one after the other: every second one packed already (PDF, DOCX,
 * scans), the others text and markup. Nothing in it comes twice; the seed says all of it.
 */
export async function writeOfficeStream(path: string, mib: number, seed: number): Promise<void> {
  const chance = randomBytesOf(seed);
  const words = Array.from({ length: WORDS }, () =>
    chance(9)
      .toString('base64url')
      .slice(0, 3 + (chance(1)[0]! % 9)),
  );
  // On the disk: what is still to be written would be written beside the first runs.
  const file = createWriteStream(path, { flush: true });
  const put = async (bytes: Buffer): Promise<void> => {
    if (!file.write(bytes)) await once(file, 'drain');
  };
  for (let n = 0; n < mib; n += 1) await put(n % 2 === 0 ? chance(MIB) : textOf(words, chance));
  file.end();
  await finished(file);
}

/** A mebibyte of paragraphs: zstd makes a third of it. */
function textOf(words: readonly string[], chance: (length: number) => Buffer): Buffer {
  const out = Buffer.alloc(MIB);
  const drawn = chance(MIB);
  for (let at = 0, n = 0; at < MIB; n += 2) {
    // Words of a language are not equally frequent: the product of two draws prefers the first ones.
    const word = words[Math.floor((drawn[n % MIB]! * drawn[(n + 1) % MIB]! * WORDS) / 65_536)]!;
    at += out.write(n % 24 === 0 ? `</w:t></w:r><w:r><w:t>${word} ` : `${word} `, at);
  }
  return out;
}

export function randomBytesOf(seed: number): (length: number) => Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return (length) => cipher.update(Buffer.alloc(length));
}
