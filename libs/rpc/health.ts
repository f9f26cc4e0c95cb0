import {
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** What the process needs for its work: its bus, its store. */
export interface Readiness {
  /** Answers within seconds, and throws nothing; cheap enough to be asked at any rate. */
  isReady(): Promise<boolean>;
  /** Told when the answer may be another one now. */
  onChange(listener: () => void): void;
}

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
interface Answer {
  readonly status: ServingStatus;
}
interface Question {
  readonly service: string;
}
type Watcher = ServerWritableStream<Question, Answer>;

/** Changes that nobody tells of are found by looking, while somebody watches and only then. */
const WATCH_EVERY_MS = 5_000;

/**
 * grpc.health.v1: one state for the process as a whole (no name) and each service it serves; SERVING from start to
 * stop, as long as what it depends on is in reach.
 */
export class Health {
  readonly #names: ReadonlySet<string>;
  readonly #readiness: Readiness;
  readonly #watchers = new Map<Watcher, ServingStatus | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #started = false;

  constructor(served: Iterable<string>, readiness: Readiness) {
    this.#names = new Set(['', ...served]);
    this.#readiness = readiness;
    readiness.onChange(() => void this.#tellWatchers());
  }

  setServing(serving: boolean): void {
    this.#started = serving;
    void this.#tellWatchers();
  }

  /** Ends the watchers: without it a shutdown would wait for them. */
  close(): void {
    clearInterval(this.#timer);
    for (const watcher of this.#watchers.keys()) watcher.end();
    this.#watchers.clear();
  }

  implementation(): UntypedServiceImplementation {
    return {
      check: (call: ServerUnaryCall<Question, Answer>, answer: sendUnaryData<Answer>) => {
        const { service } = call.request;
        if (this.#names.has(service)) void this.#look().then((seen) => answer(null, { status: seen }));
        else answer({ code: status.NOT_FOUND, details: `no service ${JSON.stringify(service)} here` });
      },
      list: (_call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) =>
        void this.#look().then((seen) => {
          // A map is a list of entries to our codec.
          answer(null, { statuses: [...this.#names].map((key) => ({ key, value: { status: seen } })) });
        }),
      watch: (call: Watcher) => this.#watch(call),
    };
  }

  #watch(call: Watcher): void {
    if (!this.#names.has(call.request.service)) {
      // It stays open: the protocol says so, and none of our services comes later.
      call.write({ status: 'SERVICE_UNKNOWN' });
      this.#watchers.set(call, 'SERVICE_UNKNOWN');
    } else this.#watchers.set(call, undefined);
    call.on('cancelled', () => {
      this.#watchers.delete(call);
      if (this.#watchers.size === 0) clearInterval(this.#timer);
    });
    if (this.#watchers.size === 1)
      this.#timer = setInterval(() => void this.#tellWatchers(), WATCH_EVERY_MS).unref();
    void this.#tellWatchers();
  }

  async #tellWatchers(): Promise<void> {
    if (this.#watchers.size === 0) return;
    const seen = await this.#look();
    for (const [watcher, told] of this.#watchers) {
      if (told === seen || told === 'SERVICE_UNKNOWN') continue;
      this.#watchers.set(watcher, seen);
      watcher.write({ status: seen });
    }
  }

  async #look(): Promise<ServingStatus> {
    return this.#started && (await this.#readiness.isReady()) && this.#started ? 'SERVING' : 'NOT_SERVING';
  }
}
