import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { ServerKind } from '#deploy/local/object-store.ts';
import { createBucket } from '#deploy/local/s3-bucket.ts';
import { startObjectServer } from '#deploy/local/standalone-server.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { newIdentity } from '#libs/repository/open.ts';
import { openStore } from '#libs/store/open-store.ts';
import { seededOrder } from './pivot/seeded.ts';
import { openAngryWay, type Temper } from './s3/angry-way.ts';
import { compare } from './s3/compared.ts';
import { play, writeScript, type Said, type Script } from './s3/played.ts';
import { counted } from './stack/counted.ts';

export interface S3Report {
  readonly suite: 's3';
  readonly seed: number;
  readonly cases: number;
  readonly classes: Readonly<Record<string, number>>;
  /** That came to the proxy while it was angry, and how many of them it answered wrongly, in which way. */
  readonly requests: number;
  readonly faults: number;
  readonly byFault: Readonly<Record<string, number>>;
  /** Tries that ended in an error that says so, and were made again. */
  readonly ends: Readonly<Record<string, number>>;
  /** Streams and objects that were said to be stored and were not all there. */
  readonly missing: number;
  /** Whatever else was said and was not so: wrong bytes, a wrong listing, two winners of a name. */
  readonly falseSuccess: number;
  /** Cases that ended in an error of another kind. */
  readonly wrong: number;
  readonly stuck: number;
  /** Requests that the store allowed itself at once: the least over all cases; the least of what it had come back to after quiet. */
  readonly concurrency: { readonly most: number; readonly lowest: number; readonly last: number };
  readonly found: readonly { readonly case: string; readonly found: string }[];
}

export interface S3Options {
  readonly parts?: readonly string[];
  readonly seed: number;
  readonly cases: number;
  readonly onNote: (text: string) => void;
}

const SERVERS = ['minio', 'versitygw'] as const satisfies readonly ServerKind[];
const TEMPERS: readonly Temper[] = [
  ...Array.from({ length: 6 }, () => ({ kind: 'mixed' as const })),
  { kind: 'throttled' },
  { kind: 'full' },
  ...['PUT packs/', 'PUT index/', 'PUT snapshots/', 'PUT holdfast.json', 'GET packs/', 'GET notes'].map(
    (at) => ({ kind: 'worn out' as const, at }),
  ),
];
/** Shorter than as shipped, for each silence costs one. */
const SILENCE_MS = 1_000;
const IN_FLIGHT_MAX = 16;
/** The additive way back from one to sixteen takes a hundred and twenty. */
const QUIET_REQUESTS = 150;
const TRIES_MAX = 10;
const STUCK_MS = 240_000;
/** Most of a case is waiting. */
const AT_ONCE = 12;

interface Case {
  readonly n: number;
  readonly server: ServerKind;
  readonly temper: Temper;
  readonly seed: number;
}

/**
 * Between the product's store and a server stands a proxy that answers three of ten requests wrongly; whatever the store
 * then says to be written, read, listed, won or deleted is compared with what lies on the server.
 */
export async function s3({ parts = [], seed, cases, onNote }: S3Options): Promise<S3Report> {
  const random = seededOrder(seed);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-fault-s3-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const all = SERVERS.flatMap((server) => TEMPERS.map((temper) => ({ server, temper }))).filter((each) =>
    parts.every((part) => classOf(each).includes(part)),
  );
  const drawn = random
    .deal(all, cases)
    .map((each, n): Case => ({ ...each, n, seed: Math.floor(random.fraction() * 2 ** 32) }));
  const servers = new Map<ServerKind, Server>();
  for (const kind of new Set(drawn.map(({ server }) => server)))
    servers.set(kind, stack.use(await startObjectServer({ kind, folder: join(folder, kind), onNote })));
  const keys = { identity: await newIdentity(), recovery: await newIdentity() };
  const limit = pLimit(AT_ONCE);
  let over = 0;
  const played = await Promise.all(
    drawn.map((each) =>
      limit(async () => {
        const began = performance.now();
        const outcome = await playCase(each, servers.get(each.server)!, keys);
        const seconds = Math.round((performance.now() - began) / 1000);
        over += 1;
        onNote(
          `${over}/${drawn.length} ${nameOf(each)}: ${outcome.end}, ${outcome.tries.join(', ') || 'at once'} in ${seconds} s`,
        );
        return { ...each, ...outcome };
      }),
    ),
  );
  return report(seed, played);
}

type Server = Awaited<ReturnType<typeof startObjectServer>>;

interface Outcome {
  readonly end: 'good' | 'wrong' | 'stuck';
  /** Codes of tries that failed before the one that did not. */
  readonly tries: readonly string[];
  readonly requests: number;
  readonly byFault: ReadonlyMap<string, number>;
  readonly missing: readonly string[];
  readonly falsely: readonly string[];
  readonly error: string | undefined;
  readonly lowest: number;
  readonly last: number;
}

async function playCase(drawn: Case, server: Server, keys: Script['keys']): Promise<Outcome> {
  const random = seededOrder(drawn.seed);
  const bucket = `case-${drawn.n}`;
  await createBucket({ ...server, bucket });
  await using way = await openAngryWay({
    serverPort: server.port,
    temper: drawn.temper,
    random: seededOrder(drawn.seed + 1),
  });
  const { accessKey, secretKey } = server.credentials;
  const credentials = { accessKey, secretKey: new Secret(secretKey) };
  const addressOn = (port: number) =>
    `s3://${bucket}?endpoint=http://127.0.0.1:${port}&region=${server.region}`;
  const allowed = [IN_FLIGHT_MAX];
  const store = openStore(addressOn(way.port), credentials, {
    silenceMs: SILENCE_MS,
    onAllowed: (inFlight) => allowed.push(inFlight),
  });
  const script = writeScript(random, keys);
  const tries: string[] = [];
  const outcome = (end: Outcome['end'], found: Partial<Outcome> = {}): Outcome => ({
    end,
    tries,
    requests: way.seen.requests,
    byFault: way.done,
    missing: [],
    falsely: [],
    error: undefined,
    lowest: Math.min(...allowed),
    last: allowed.at(-1)!,
    ...found,
  });
  try {
    const said = await inTime(playToTheEnd(() => play(store, script, tries.length > 0), tries));
    if (said === undefined) return outcome('stuck');
    way.calm();
    for (let n = 0; n < QUIET_REQUESTS; n += 1) await store.head('holdfast.json');
    const { missing, falsely } = await compare(openStore(addressOn(server.port), credentials), script, said);
    const wrong = missing.length + falsely.length + said.falsely.length > 0;
    return outcome(wrong ? 'wrong' : 'good', { missing, falsely: [...said.falsely, ...falsely] });
  } catch (thrown) {
    const { code, details, entry, stack = '' } = HoldfastError.from(thrown);
    if (entry.retry === 'corrupt')
      return outcome('wrong', { missing: [`${code} ${JSON.stringify(details)}`] });
    return outcome('wrong', {
      error: `${code} ${JSON.stringify(details)} ${stack.split('\n').slice(0, 4).join(' ')}`,
    });
  }
}

/** After an error that says that it may pass, the same again. Undefined: it goes on failing. */
async function playToTheEnd(once: () => Promise<Said>, tries: string[]): Promise<Said | undefined> {
  while (tries.length < TRIES_MAX) {
    try {
      return await once();
    } catch (thrown) {
      const { code, entry } = HoldfastError.from(thrown);
      // A full store is waited for as one that is away: by runs, not by each request.
      if (entry.retry !== 'transient' && code !== 'STORE_FULL') throw thrown;
      tries.push(code);
    }
  }
  return undefined;
}

async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), STUCK_MS);
  return await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

function report(seed: number, played: readonly (Case & Outcome)[]): S3Report {
  const sum = (of: (each: Outcome) => number) => played.reduce((total, each) => total + of(each), 0);
  const byFault: Record<string, number> = {};
  for (const [anger, count] of played.flatMap((each) => [...each.byFault]))
    byFault[anger] = (byFault[anger] ?? 0) + count;
  return {
    suite: 's3',
    seed,
    cases: played.length,
    classes: counted(played.map(classOf)),
    requests: sum(({ requests }) => requests),
    faults: Object.values(byFault).reduce((total, count) => total + count, 0),
    byFault,
    ends: counted(played.flatMap(({ tries }) => tries)),
    missing: sum(({ missing }) => missing.length),
    falseSuccess: sum(({ falsely }) => falsely.length),
    wrong: played.filter(({ error }) => error !== undefined).length,
    stuck: played.filter(({ end }) => end === 'stuck').length,
    concurrency: {
      most: IN_FLIGHT_MAX,
      lowest: Math.min(...played.map(({ lowest }) => lowest)),
      last: Math.min(...played.map(({ last }) => last)),
    },
    found: played
      .filter(({ end }) => end !== 'good')
      .map((each) => ({
        case: nameOf(each),
        found: [each.end, ...each.tries, ...each.missing, ...each.falsely, each.error ?? ''].join('; '),
      })),
  };
}

function classOf({ server, temper }: Pick<Case, 'server' | 'temper'>): string {
  return `${server} ${temper.kind}${temper.kind === 'worn out' ? ` at ${temper.at}` : ''}`;
}

function nameOf(drawn: Case): string {
  return `${drawn.n} ${classOf(drawn)}`;
}
