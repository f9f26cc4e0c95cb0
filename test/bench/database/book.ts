import { randomBytesOf } from '../repository/office-stream.ts';
import { BOOK_BYTES } from './columns.ts';

const WORDS = 20_000;
/** The longest slice may begin at the last byte. */
const MARGIN = 128;
const books = new Map<number, Buffer>();

/** Words one after the other, frequent and rare ones, now and then a number: what all text of a seed is cut from. */
export function bookOf(seed: number): Buffer {
  const known = books.get(seed);
  if (known !== undefined) return known;
  const chance = randomBytesOf(seed);
  const words = Array.from({ length: WORDS }, () =>
    chance(9)
      .toString('base64url')
      .toLowerCase()
      .replaceAll(/[^a-z]/g, 'e')
      .slice(0, 3 + (chance(1)[0]! % 9)),
  );
  const book = Buffer.alloc(BOOK_BYTES + MARGIN, ' ');
  const drawn = chance(BOOK_BYTES);
  for (let at = 0, n = 0; at < book.length; n += 4) {
    // As in a language few words are frequent; with this much of them gzip -1 makes 0.45 of the rows as text.
    const rank = Math.floor(WORDS ** ((drawn.readUInt16LE(n) / 65_536) ** 1.2));
    const word = n % 48 === 0 ? String(drawn.readUInt16LE(n + 2)) : words[rank - 1]!;
    at += book.write(`${word} `, at);
  }
  books.set(seed, book);
  return book;
}
