import { Socket, type OnReadOpts } from 'node:net';
import type { Connection } from 'pg';
import { free } from '#libs/kernel/free.ts';

const READ_BYTES = 256 * 1024;
/** Handed over when it holds so much; what one read brings beyond it has room as well. */
const BLOCK_BYTES = 512 * 1024;
const HEAD_BYTES = 5;
const COPY_DATA = 'd'.charCodeAt(0);
const COPY_OUT_RESPONSE = 'H'.charCodeAt(0);
/** A server sends 8 KiB at a time: a millisecond after a short read its socket holds many of them. */
const GATHER_MS = 1;
const SHORT_READ_BYTES = READ_BYTES / 2;

/** Reads into the same memory again and again; memory for each read costs as much as the rest of receiving rows. */
class RowSocket extends Socket {
  /** While rows come the listener must be done with the bytes when it returns. */
  bringsRows = false;

  constructor() {
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (bytes, buffer) => {
        const read = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
        this.emit('data', this.bringsRows ? read : Buffer.from(read));
        return !this.isPaused();
      },
    };
    super({ onread } as ConstructorParameters<typeof Socket>[0]);
  }
}

/** For `stream` of pg; under TLS a socket is read by other means. */
export function rowSocket({ ssl }: { readonly ssl?: unknown }): Socket {
  return ssl === undefined || ssl === false ? new RowSocket() : new Socket();
}

/**
 * A query of pg that takes what COPY … TO STDOUT sends from the socket itself, for a message a row through pg is three
 * times the work. pg has its socket back at the first message that is not a row; rows that come after it, which a
 * notice may precede, come through pg.
 */
export class CopyOut implements Disposable {
  readonly text: string;
  #socket: Socket | undefined;
  #listener: ((piece: Buffer) => void) | undefined;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Of the message that has begun. */
  #left = 0;
  #isRow = false;
  #block = newBlock();
  #used = 0;
  #spare: Buffer | undefined = newBlock();
  #lent: Buffer | undefined;
  #ended: { readonly error?: Error } | undefined;
  #rows = 0;
  #wake = () => {};

  constructor(text: string) {
    this.text = text;
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  /** How many the server says it sent, when it has sent all. */
  get rows(): number {
    return this.#rows;
  }

  /** When nobody asks for more. */
  [Symbol.dispose](): void {
    this.#socket?.off('data', this.#onData);
    for (const block of [this.#block, this.#spare, this.#lent]) if (block !== undefined) free(block);
  }

  /** The next rows, valid until it is asked again; undefined after the last. Rejects with what pg says. */
  async next(): Promise<Buffer | undefined> {
    this.#spare ??= this.#lent;
    while (this.#used < BLOCK_BYTES && this.#ended === undefined)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#ended?.error !== undefined) throw this.#ended.error;
    if (this.#used === 0) return undefined;
    const full = this.#block.subarray(0, this.#used);
    this.#lent = this.#block;
    this.#block = this.#spare ?? newBlock();
    this.#spare = undefined;
    this.#used = 0;
    this.#socket?.resume();
    return full;
  }

  /** Called by pg when the session is free: nothing of an earlier answer is under way. */
  submit(connection: Connection): void {
    this.#socket = connection.stream as Socket;
    [this.#listener] = this.#socket.listeners('data') as ((piece: Buffer) => void)[];
    this.#socket.off('data', this.#listener!);
    this.#socket.on('data', this.#onData);
    if (this.#socket instanceof RowSocket) this.#socket.bringsRows = true;
    connection.query(this.text);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#append(chunk, 0, chunk.length);
    this.#paced(chunk.length);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = Number(text.slice('COPY '.length));
  }

  handleReadyForQuery(): void {
    this.#end({});
  }

  handleError(error: Error): void {
    this.#end({ error });
  }

  #end(ended: { readonly error?: Error }): void {
    this.#ended ??= ended;
    this.#giveBack();
    this.#wake();
  }

  readonly #onData = (piece: Buffer): void => {
    for (let at = 0; at < piece.length;) {
      if (this.#left > 0) {
        const end = Math.min(piece.length, at + this.#left);
        if (this.#isRow) this.#append(piece, at, end);
        this.#left -= end - at;
        at = end;
        continue;
      }
      while (this.#headBytes < HEAD_BYTES && at < piece.length) this.#head[this.#headBytes++] = piece[at++]!;
      if (this.#headBytes < HEAD_BYTES) break;
      const kind = this.#head[0];
      if (kind !== COPY_DATA && kind !== COPY_OUT_RESPONSE) {
        this.#giveBack(Buffer.concat([this.#head, piece.subarray(at)]));
        return;
      }
      this.#isRow = kind === COPY_DATA;
      this.#left = this.#head.readUInt32BE(1) - 4;
      this.#headBytes = 0;
    }
    this.#paced(piece.length);
  };

  #append(piece: Buffer, from: number, to: number): void {
    const used = this.#used + to - from;
    if (used > this.#block.length) {
      const larger = Buffer.allocUnsafeSlow(used);
      this.#block.copy(larger, 0, 0, this.#used);
      free(this.#block);
      this.#block = larger;
    }
    piece.copy(this.#block, this.#used, from, to);
    this.#used = used;
  }

  /** A full block stops the server; a short read waits for more. */
  #paced(bytes: number): void {
    if (this.#used >= BLOCK_BYTES) {
      this.#socket?.pause();
      this.#wake();
    } else if (bytes < SHORT_READ_BYTES && this.#socket instanceof RowSocket && this.#socket.bringsRows) {
      this.#socket.pause();
      setTimeout(() => {
        if (this.#used < BLOCK_BYTES) this.#socket?.resume();
      }, GATHER_MS);
    }
  }

  /** With what came after the rows. */
  #giveBack(rest?: Buffer): void {
    const listener = this.#listener;
    if (this.#socket === undefined || listener === undefined) return;
    this.#listener = undefined;
    this.#socket.off('data', this.#onData);
    this.#socket.on('data', listener);
    if (this.#socket instanceof RowSocket) this.#socket.bringsRows = false;
    this.#socket.resume();
    if (rest !== undefined) listener(rest);
  }
}

function newBlock(): Buffer {
  return Buffer.allocUnsafeSlow(BLOCK_BYTES + READ_BYTES);
}
