import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';

interface Status {
  readonly status: 'SERVING' | 'NOT_SERVING';
}

/** grpc.health.v1 for the process as a whole: one state, whatever service name is asked for. */
export class Health {
  #serving = false;
  readonly #watchers = new Set<ServerWritableStream<object, Status>>();

  setServing(serving: boolean): void {
    this.#serving = serving;
    for (const watcher of this.#watchers) watcher.write(this.#status());
  }

  /** Ends the watchers: without it a shutdown would wait for them. */
  close(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  implementation(): UntypedServiceImplementation {
    return {
      check: (_call: ServerUnaryCall<object, Status>, answer: sendUnaryData<Status>) =>
        answer(null, this.#status()),
      list: (_call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) =>
        answer(null, { statuses: { '': this.#status() } }),
      watch: (call: ServerWritableStream<object, Status>) => {
        this.#watchers.add(call);
        call.on('cancelled', () => this.#watchers.delete(call));
        call.write(this.#status());
      },
    };
  }

  #status(): Status {
    return { status: this.#serving ? 'SERVING' : 'NOT_SERVING' };
  }
}
