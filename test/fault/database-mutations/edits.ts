import type { seededOrder } from '../pivot/seeded.ts';

type Random = ReturnType<typeof seededOrder>;

/** Words of an archive of pg_dump, and others of the same length: what it then makes is as good SQL, and something else. */
const OTHER_WORDS = [
  ["DEFAULT 'untitled'", "DEFAULT 'unsigned'"],
  ['(owner, state)', '(state, owner)'],
  ['size >= 0', 'size >= 7'],
  ['ON DELETE CASCADE', 'ON UPDATE CASCADE'],
  ['BEFORE INSERT', 'BEFORE UPDATE'],
  ["state = 'signed'", "state = 'filed' "],
] as const;

/** One thing that the structure says is another. Only those words that are there; undefined where none is. */
export function withOtherStructure(archive: Buffer, random: Random): Buffer | undefined {
  const there = OTHER_WORDS.filter(([word]) => archive.includes(word));
  if (there.length === 0) return undefined;
  const [word, other] = random.pick(there);
  const changed = Buffer.from(archive);
  changed.write(other, changed.indexOf(word));
  return changed;
}

/** The last digit of where a sequence is. */
export function withOtherSequence(archive: Buffer, random: Random): Buffer {
  const text = archive.toString('latin1');
  const place = random.pick([...text.matchAll(/setval\('[^']+', \d+/g)]);
  const at = place.index + place[0].length - 1;
  const changed = Buffer.from(archive);
  changed[at] = changed[at] === 0x31 ? 0x32 : 0x31;
  return changed;
}
