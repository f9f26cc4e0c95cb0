import type { Connection } from 'pg';
import { free } from '#libs/kernel/free.ts';

const HEAD_BYTES = 5;
const COPY_DATA = 'd'.charCodeAt(0);

/** What pg has, and its types do not say. */
type CopyConnection = Connection & { endCopyFrom(): void; sendCopyFail(reason: string): void };

/**
 * A query of pg that sends what COPY … FROM STDIN takes: a piece as it is, the next one when the socket has taken it. The
 * pieces are given up by the source, and their memory goes back at once.
 */
export class CopyIn {
  readonly text: string;
  #connection: CopyConnection | undefined;
  /** True when the server wants rows, false when it refused to. */
  readonly #begun = Promise.withResolvers<boolean>();
  readonly #ended = Promise.withResolvers<void>();
  #error: Error | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Rejects with what the source or the server says; the server has forgotten the rows then. */
  async send(source: AsyncIterable<Buffer>): Promise<void> {
    let failed: { readonly error: unknown } | undefined;
    if (await this.#begun.promise) {
      try {
        for await (const piece of source) await this.#write(piece);
        this.#connection?.endCopyFrom();
      } catch (error) {
        failed = { error };
        if (this.#error === undefined) this.#connection?.sendCopyFail('the rows end here');
      }
    }
    await this.#ended.promise;
    const error = failed?.error ?? this.#error;
    if (error !== undefined) throw error;
  }

  submit(connection: Connection): void {
    this.#connection = connection as CopyConnection;
    connection.query(this.text);
  }

  handleCopyInResponse(): void {
    this.#begun.resolve(true);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#ended.resolve();
  }

  /** The last that pg says of a query, whether the server or the connection failed. */
  handleError(error: Error): void {
    this.#error = error;
    this.#begun.resolve(false);
    this.#ended.resolve();
  }

  async #write(piece: Buffer): Promise<void> {
    const { stream } = this.#connection!;
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeUInt8(COPY_DATA);
    head.writeUInt32BE(piece.length + 4, 1);
    const { promise: taken, resolve } = Promise.withResolvers<void>();
    stream.cork();
    stream.write(head);
    // A connection that fails says so by handleError.
    stream.write(piece, () => resolve());
    stream.uncork();
    await taken;
    free(piece);
    if (this.#error !== undefined) throw this.#error;
  }
}
