/**
 * The one loop of this program that looks at every byte of every stream, as WebAssembly: the same in JavaScript takes
 * twice as long. FORMAT.md#chunking says what it computes, and chunker.test.ts has its twin.
 */

/** No set of types of Node's own says so much of it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      readonly hash: { value: number };
      readonly scan: (bytes: number, mask: number) => number;
    };
  };
};

/** Of a stream that is at most so long are copied in at once; small enough for the processor's own memory. */
const ROOM_BYTES = 128 * 1024;
const TABLE_BYTES = 256 * 4;
const PAGES = Math.ceil((TABLE_BYTES + ROOM_BYTES) / 65_536);
/** Bytes hashed between two looks at the end. */
const UNROLLED = 8;

/** A running hash over a chunk, with the mask that its last byte has to fit. */
export class Gear {
  readonly #table: Uint32Array;
  #hash = 0;

  /** `table`: 256 words of the repository's own. */
  constructor(table: Uint32Array) {
    this.#table = table;
  }

  reset(): void {
    this.#hash = 0;
  }

  /** Behind the first byte of `piece` from `from` up to `to` whose hash has no bit of the mask, or undefined. */
  scan(piece: Uint8Array, from: number, to: number, mask: number): number | undefined {
    kernel.use(this.#table);
    for (let at = from; at < to; at += ROOM_BYTES) {
      const bytes = Math.min(ROOM_BYTES, to - at);
      kernel.room.set(piece.subarray(at, at + bytes));
      kernel.hash.value = this.#hash;
      const end = kernel.scan(bytes, mask);
      this.#hash = kernel.hash.value;
      if (end > 0) return at + end;
    }
    return undefined;
  }
}

/** One for all streams: a scan is over before another one begins. */
class Kernel {
  readonly room: Uint8Array;
  readonly hash: { value: number };
  /** Over the first `bytes` of the room: how many until the mask fits, or 0. */
  readonly scan: (bytes: number, mask: number) => number;
  readonly #table: Uint32Array;
  #used: Uint32Array | undefined;

  constructor() {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
    const { buffer } = exports.memory;
    this.#table = new Uint32Array(buffer, 0, 256);
    this.room = new Uint8Array(buffer, TABLE_BYTES, ROOM_BYTES);
    this.hash = exports.hash;
    this.scan = exports.scan;
  }

  use(table: Uint32Array): void {
    if (this.#used === table) return;
    this.#table.set(table);
    this.#used = table;
  }
}

type Code = readonly (number | Code)[];

const I32 = 0x7f;
const VOID = 0x40;
const END = 0x0b;
const RETURN = 0x0f;
const LOAD_WORD = [0x28, 2, 0];
const EQZ = 0x45;
const GREATER = 0x4b;
const AT_LEAST = 0x4f;
const ADD = 0x6a;
const AND = 0x71;
const SHIFT_LEFT = 0x74;
const block = (...body: Code): Code => [0x02, VOID, body, END];
const loop = (...body: Code): Code => [0x03, VOID, body, END];
/** To the beginning of a loop or behind a block; 0 is the innermost. */
const branch = (labels: number): Code => [0x0c, labels];
const branchIf = (labels: number): Code => [0x0d, labels];
const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const tee = (local: number): Code => [0x22, local];
const constant = (value: number): Code => [0x41, value];
const loadByte = (offset: number): Code => [0x2d, 0, unsigned(TABLE_BYTES + offset)];
const loadHash: Code = [0x23, 0];
const storeHash: Code = [0x24, 0];
/** Places of locals: both parameters first. */
const TO = 0;
const MASK = 1;
const AT = 2;
const HASH = 3;

/** `(memory "memory") (global "hash") (func "scan" (param to mask) (result end))`. */
function moduleBytes(): Uint8Array {
  const text = (word: string): Code => [word.length, ...Buffer.from(word)];
  const sized = (...content: Code): Code => [unsigned(flat(content).length), content];
  return Uint8Array.from(
    flat([
      [...Buffer.from('\0asm'), 1, 0, 0, 0],
      [1, sized(1, 0x60, 2, I32, I32, 1, I32)],
      [3, sized(1, 0)],
      [5, sized(1, 0, PAGES)],
      [6, sized(1, I32, 1, constant(0), END)],
      [7, sized(3, text('memory'), 2, 0, text('hash'), 3, 0, text('scan'), 0, 0)],
      [10, sized(1, sized(1, 2, I32, scanBody(), END))],
    ]),
  );
}

function scanBody(): Code {
  /** Leaves by `labels` when the mask fits behind this byte. */
  const step = (offset: number, labels: number): Code => [
    [get(HASH), constant(1), SHIFT_LEFT],
    [get(AT), loadByte(offset), constant(2), SHIFT_LEFT, LOAD_WORD, ADD, tee(HASH)],
    [get(MASK), AND, EQZ, branchIf(labels)],
  ];
  const advance = (bytes: number): Code => [get(AT), constant(bytes), ADD, set(AT)];
  const many = loop(
    [get(AT), constant(UNROLLED), ADD, get(TO), GREATER, branchIf(1)],
    Array.from({ length: UNROLLED }, (_, n) => step(n, n + 2)),
    [advance(UNROLLED), branch(0)],
  );
  const rest = loop([get(AT), get(TO), AT_LEAST, branchIf(1)], step(0, 2), [advance(1), branch(0)]);
  const whole: Code = [block(many), block(rest), get(HASH), storeHash, constant(0), RETURN];
  // Around it a block for each unrolled step: behind its end that step's byte was the one.
  const found = (inner: Code, offset: number): Code => [
    block(inner),
    [get(HASH), storeHash, get(AT), constant(offset + 1), ADD, RETURN],
  ];
  return [loadHash, set(HASH), Array.from({ length: UNROLLED }, (_, n) => n).reduce(found, whole)];
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];
}

function flat(code: Code): number[] {
  return code.flatMap((part) => (typeof part === 'number' ? part : flat(part)));
}

const kernel = new Kernel();
