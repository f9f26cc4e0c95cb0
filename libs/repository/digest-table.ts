const DIGEST_WORDS = 8;
/** Blocks, because one array that grew would be in memory twice while it is copied. */
const BLOCK_RECORDS = 2 ** 12;
const BLOCK_BUCKETS = 2 ** 14;

/**
 * Records of a 32-byte digest and a few numbers of 32 bits, several of one digest if need be. Typed arrays alone: no
 * object for a record, and 8 bytes beside what it says. There is one bucket for each record, and each new bucket takes
 * its share from one other (linear hashing), so growing never copies the table. Digests must be random in their first
 * four bytes, as hashes are.
 */
export class DigestTable {
  readonly #recordWords: number;
  /** Per record: next record of its bucket, digest, values. Records count from 1; 0 is none. */
  readonly #records: Uint32Array[] = [];
  /** Per bucket: its first record. */
  readonly #buckets: Uint32Array[] = [];
  #count = 0;
  #bucketCount = 0;

  constructor(values: number) {
    this.#recordWords = 1 + DIGEST_WORDS + values;
  }

  /** Records are numbered from 1 to this. */
  get records(): number {
    return this.#count;
  }

  /** How many digests there are: looks at every record. */
  countDistinct(): number {
    let distinct = 0;
    for (let record = 1; record <= this.#count; record += 1) if (this.next(record) === 0) distinct += 1;
    return distinct;
  }

  /** The digest is the 32 bytes at `at`. Returns the record. */
  add(bytes: Buffer, at: number, values: readonly number[]): number {
    if (this.#count % BLOCK_RECORDS === 0)
      this.#records.push(new Uint32Array(BLOCK_RECORDS * this.#recordWords));
    this.#count += 1;
    const record = this.#count;
    const words = this.#blockOf(record);
    const start = this.#startOf(record);
    for (let word = 0; word < DIGEST_WORDS; word += 1)
      words[start + 1 + word] = bytes.readUInt32LE(at + 4 * word);
    values.forEach((value, n) => (words[start + 1 + DIGEST_WORDS + n] = value));
    this.#addBucket();
    this.#link(record, this.#bucketOf(words[start + 1]!));
    return record;
  }

  /** A record of the digest at `at`, or 0. */
  first(bytes: Buffer, at = 0): number {
    if (this.#count === 0) return 0;
    let record = this.#head(this.#bucketOf(bytes.readUInt32LE(at)));
    while (record !== 0 && !this.#has(record, bytes, at)) record = this.#nextInBucket(record);
    return record;
  }

  /** The one after `record` of the same digest, or 0. */
  next(record: number): number {
    let other = this.#nextInBucket(record);
    while (other !== 0 && !this.#isSame(other, record)) other = this.#nextInBucket(other);
    return other;
  }

  value(record: number, n: number): number {
    return this.#blockOf(record)[this.#startOf(record) + 1 + DIGEST_WORDS + n]!;
  }

  setValue(record: number, n: number, value: number): void {
    this.#blockOf(record)[this.#startOf(record) + 1 + DIGEST_WORDS + n] = value;
  }

  digest(record: number): Buffer {
    const words = this.#blockOf(record);
    const start = this.#startOf(record) + 1;
    const digest = Buffer.alloc(4 * DIGEST_WORDS);
    for (let word = 0; word < DIGEST_WORDS; word += 1) digest.writeUInt32LE(words[start + word]!, 4 * word);
    return digest;
  }

  #has(record: number, bytes: Buffer, at: number): boolean {
    const words = this.#blockOf(record);
    const start = this.#startOf(record) + 1;
    for (let word = 0; word < DIGEST_WORDS; word += 1)
      if (words[start + word] !== bytes.readUInt32LE(at + 4 * word)) return false;
    return true;
  }

  #isSame(record: number, other: number): boolean {
    const [words, others] = [this.#blockOf(record), this.#blockOf(other)];
    const [start, otherStart] = [this.#startOf(record) + 1, this.#startOf(other) + 1];
    for (let word = 0; word < DIGEST_WORDS; word += 1)
      if (words[start + word] !== others[otherStart + word]) return false;
    return true;
  }

  /** The last bucket takes from the one that had its records so far: the one whose number lacks the highest bit. */
  #addBucket(): void {
    if (this.#bucketCount % BLOCK_BUCKETS === 0) this.#buckets.push(new Uint32Array(BLOCK_BUCKETS));
    const added = this.#bucketCount;
    this.#bucketCount += 1;
    if (added === 0) return;
    const from = added - highestBit(added);
    let record = this.#head(from);
    this.#setHead(from, 0);
    while (record !== 0) {
      const next = this.#nextInBucket(record);
      this.#link(record, this.#bucketOf(this.#blockOf(record)[this.#startOf(record) + 1]!));
      record = next;
    }
  }

  #bucketOf(hash: number): number {
    const span = highestBit(this.#bucketCount);
    const wide = hash & (2 * span - 1);
    return wide < this.#bucketCount ? wide : hash & (span - 1);
  }

  #link(record: number, bucket: number): void {
    this.#blockOf(record)[this.#startOf(record)] = this.#head(bucket);
    this.#setHead(bucket, record);
  }

  #nextInBucket(record: number): number {
    return this.#blockOf(record)[this.#startOf(record)]!;
  }

  #head(bucket: number): number {
    return this.#buckets[Math.floor(bucket / BLOCK_BUCKETS)]![bucket % BLOCK_BUCKETS]!;
  }

  #setHead(bucket: number, record: number): void {
    this.#buckets[Math.floor(bucket / BLOCK_BUCKETS)]![bucket % BLOCK_BUCKETS] = record;
  }

  #blockOf(record: number): Uint32Array {
    return this.#records[Math.floor((record - 1) / BLOCK_RECORDS)]!;
  }

  #startOf(record: number): number {
    return ((record - 1) % BLOCK_RECORDS) * this.#recordWords;
  }
}

/** Of a number from 1 to 2³¹ − 1. */
function highestBit(number: number): number {
  return 2 ** (31 - Math.clz32(number));
}
