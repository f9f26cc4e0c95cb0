import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startObjectServer } from '#deploy/local/standalone-server.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { createRepository, openRepository } from '#libs/repository/open.ts';
import type { Repository } from '#libs/repository/port.ts';
import { parseResult, resultName } from '#libs/contracts/step.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { startNatsServer } from '#libs/testkit/nats-server.ts';
import { startHoldfast } from '#test/demo/holdfast-scheme.ts';
import { idleShares } from './idle.ts';
import { pooledPut, putInto, writeLongLog, type LongLog, type Put } from './long-log.ts';
import { openCoordination, type RunTimes } from './orchestration-stack.ts';
import { against, figure, percentile, type Case } from './report.ts';

export interface OrchestrationBench {
  /** Runs that are looked at per store. */
  readonly runs: number;
  /** Of the long log on the directory store. */
  readonly entries: number;
  readonly backups: number;
  readonly onNote: (note: string) => void;
}

const STEP_MS = { p50: 50, p99: 250 };
/** A run's start on a long log may take so many times what it takes on an empty one. */
const START_RATIO = { warm: 1.5, cold: 2 };
const IDLE_PERCENT = 1;
const IDLE_MS = 60_000;
/** Half a minute after its start the engine collects what the start left, once: 0.1 s a process (measured 2026-11). */
const SETTLE_MS = 60_000;
/** What a coordinator looks at after a run is no part of the next one. */
const BETWEEN_MS = 500;
const ON_MINIO = { entries: 20_000, backups: 2_000 };
const COLD_STARTS = 5;
const DEPLOYMENT = 'records';

/** What coordination adds to the work: per step, at the start of a run, and while nothing happens. */
export async function benchOrchestration(bench: OrchestrationBench): Promise<readonly Case[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  try {
    const { onNote, entries, backups } = bench;
    const disk = (name: string): Promise<Place> => {
      const below = join(folder, name);
      const store = openStore(`disk:${below}`);
      return Promise.resolve({ store, put: putInto(below), flush: () => Promise.resolve() });
    };
    const onDisk = await benchStore('disk', disk, { ...bench, entries, backups });
    onNote('the same on MinIO');
    await using servers = new AsyncDisposableStack();
    const minio = async (name: string): Promise<Place> => {
      const below = join(folder, `minio-${name}`);
      const server = await startObjectServer({ kind: 'minio', folder: below, onNote });
      const { credentials, storeUrl } = servers.use(server);
      const secretKey = new Secret(credentials.secretKey);
      const store = openStore(storeUrl, { accessKey: credentials.accessKey, secretKey });
      return { store, ...pooledPut(store) };
    };
    const onMinio = await benchStore('MinIO', minio, { ...bench, ...ON_MINIO });
    return [...onDisk, ...onMinio, ...(await benchIdle(folder, onNote))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where a repository is made, and how its history comes there quickly. */
interface Place {
  readonly store: ObjectStore;
  readonly put: Put;
  readonly flush: () => Promise<void>;
}

interface World {
  readonly store: ObjectStore;
  readonly repository: Repository;
  readonly natsUrl: string;
}

async function benchStore(
  name: string,
  place: (folder: string) => Promise<Place>,
  { runs, entries, backups, onNote }: OrchestrationBench,
): Promise<readonly Case[]> {
  await using nats = await startNatsServer();
  const history = { deployment: DEPLOYMENT, entries, backups };
  onNote(`${name}: ${runs} runs on an empty log`);
  const empty = await openWorld(await place('empty'), nats.url, undefined);
  const short = await measure(empty, runs);
  onNote(`${name}: a log of ${entries} entries and ${backups} backups is written`);
  const full = await openWorld(await place('full'), nats.url, history);
  onNote(`${name}: ${runs} runs on it`);
  const long = await measure(full, runs);
  const compared = (what: 'warm' | 'cold') =>
    against(
      `${name}: run starts, ${entries} entries, ${what}`,
      { ours: long[what], peer: short[what] },
      'ms',
      START_RATIO[what],
    );
  const steps = (what: string, times: readonly number[]) => [
    figure(`${name}: ${what}, p50`, percentile(times, 0.5), 'ms', STEP_MS.p50),
    figure(`${name}: ${what}, p99`, percentile(times, 0.99), 'ms', STEP_MS.p99),
  ];
  return [
    ...steps('scheduled to begun', short.begun),
    ...steps('result to next scheduled', short.next),
    compared('warm'),
    compared('cold'),
  ];
}

async function openWorld(
  { store, put, flush }: Place,
  natsUrl: string,
  history: LongLog | undefined,
): Promise<World> {
  const { identity } = await createRepository({ store });
  const repository = await openRepository({ store, identity });
  if (history !== undefined) await writeLongLog(history, store, repository, put);
  await flush();
  return { store, repository, natsUrl };
}

interface Measured {
  readonly begun: readonly number[];
  readonly next: readonly number[];
  readonly warm: readonly number[];
  /** From the start of the process's coordinator. */
  readonly cold: readonly number[];
}

async function measure(world: World, runs: number): Promise<Measured> {
  const measured = {
    begun: [] as number[],
    next: [] as number[],
    warm: [] as number[],
    cold: [] as number[],
  };
  {
    await using coordination = await openCoordination(world);
    await coordination.declare(DEPLOYMENT);
    // The first one finds caches cold and code unoptimised.
    for (let run = 0; run <= runs; run += 1) {
      await pause(BETWEEN_MS);
      const times = await coordination.backup(DEPLOYMENT, `bench-run-${run}`);
      if (run === 0) continue;
      measured.warm.push(startMs(times, times.askedAt));
      const steps = await stepTimes(world.store, times);
      measured.begun.push(...steps.begun);
      measured.next.push(...steps.next);
    }
  }
  for (let start = 0; start < COLD_STARTS; start += 1) {
    const startedAt = Date.now();
    await using coordination = await openCoordination(world);
    measured.cold.push(startMs(await coordination.backup(DEPLOYMENT, `bench-cold-${start}`), startedAt));
  }
  return measured;
}

function startMs({ entries }: RunTimes, from: number): number {
  const first = entries.find(({ event }) => event.kind === 'step-scheduled');
  return Date.parse(first!.at) - from;
}

/** Steps of workers, and those that wait for workers alone. */
const WORKED = ['database', 'files', 'config', 'verify'];
const AFTER: readonly (readonly [step: string, after: readonly string[]])[] = [
  ['files', ['mark']],
  ['config', ['mark']],
  ['verify', ['database', 'files', 'config']],
  ['commit', ['verify']],
];

/** By the journal's clock and the workers', which are one here. */
async function stepTimes(store: ObjectStore, { runId, entries }: RunTimes) {
  const scheduledAt = (step: string): number =>
    Date.parse(entries.find(({ event }) => event.kind === 'step-scheduled' && event.step === step)!.at);
  const resultOf = async (step: string) =>
    parseResult(await store.get(resultName({ runId, step, attempt: 1 })));
  const begun = await Promise.all(
    WORKED.map(async (step) => Date.parse((await resultOf(step)).startedAt) - scheduledAt(step)),
  );
  const next = await Promise.all(
    AFTER.map(async ([step, after]) => {
      const ends = await Promise.all(after.map(async (name) => Date.parse((await resultOf(name)).endedAt)));
      return scheduledAt(step) - Math.max(...ends);
    }),
  );
  return { begun, next };
}

/** The five services as `holdfast up` starts them, with nothing declared and nothing asked. */
async function benchIdle(folder: string, onNote: (note: string) => void): Promise<readonly Case[]> {
  onNote('five idle services');
  const home = join(folder, 'home');
  await using _stack = await startHoldfast({ home, store: 'disk', env: {} });
  await pause(SETTLE_MS);
  const shares = await idleShares(home, IDLE_MS);
  const services = shares.filter(({ name }) => name !== 'nats-server');
  const sum = services.reduce((total, { percent }) => total + percent, 0);
  return [
    figure('five idle services, of one core', sum, '%', IDLE_PERCENT),
    ...shares.map(({ name, percent }) => figure(`idle ${name}`, percent, '%')),
  ];
}
