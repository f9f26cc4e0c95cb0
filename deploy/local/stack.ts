import type { ServiceName } from '#libs/contracts/services.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { endProcess } from './end-process.ts';
import { homeFolder, prepareHome, type Home } from './home.ts';
import { tryLock, type HeldLock } from './numbered-lock.ts';
import { ownIdentity } from './process-identity.ts';
import { supervise } from './processes.ts';
import { DEFAULT_PACE } from './restart-delay.ts';
import { planServiceEnvironment } from './service-environment.ts';
import { planStack, type StackOptions, type StackPlan } from './stack-plan.ts';
import { readStack, writeStack, type StackState } from './stack-state.ts';

export type { StoreChoice } from './object-store.ts';
export type { StackCommands, StackOptions } from './stack-plan.ts';
export { readStack, type StackState } from './stack-state.ts';

export interface Stack extends AsyncDisposable {
  readonly home: string;
  readonly addresses: Readonly<Record<string, string>>;
  readonly natsUrl: string;
  readonly storeUrl: string;
  /** What a service of this stack is started with, its secrets included. */
  environmentOf(service: ServiceName): Record<string, string>;
  state(): StackState;
  /** Ends services, store and bus in this order. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs bus, store and services of one host until `stop`; resolves when all are healthy. One stack per home:
 * throws HOME_IN_USE, also TOOL_MISSING, TOOL_FAILED, NOT_WRITABLE. Processes that a killed stack of the same
 * home left behind are ended first.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const home = await prepareHome(options.home ?? homeFolder(options.env));
  const lock = await requireLock(home);
  try {
    await endLeftovers(home, options);
    return await run({ home, lock, plan: await planStack(home, options), options });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function requireLock(home: Home): Promise<HeldLock> {
  const outcome = await tryLock(home.lockFolder);
  if (outcome.kind === 'held') return outcome.lock;
  throw new HoldfastError('HOME_IN_USE', { home: home.folder, pid: outcome.holder.pid });
}

async function endLeftovers(home: Home, { onNote, pace }: StackOptions): Promise<void> {
  const left = await readStack(home.folder);
  const graceMs = pace?.graceMs ?? DEFAULT_PACE.graceMs;
  for (const { name, process: identity } of (left?.processes ?? []).toReversed()) {
    if (identity === null) continue;
    if (!(await endProcess(identity, graceMs)))
      onNote?.(`${name} of an earlier stack does not end: process ${identity.pid}`);
  }
}

async function run(start: {
  home: Home;
  lock: HeldLock;
  plan: StackPlan;
  options: StackOptions;
}): Promise<Stack> {
  const { home, lock, plan, options } = start;
  const { natsUrl, storeUrl, addresses } = plan.context;
  let state = await describeStart(home, plan);
  const record = (change: Partial<StackState>) => {
    state = { ...state, ...change };
    writeStack(state);
  };
  record({});
  const recorder = keepTrying((processes: StackState['processes']) => record({ processes }));
  const supervisor = supervise({
    pace: options.pace ?? {},
    onChange: (processes) => recorder.write(processes),
  });
  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= (async () => {
      await supervisor.stop();
      recorder.end();
      record({ status: 'stopped' });
      await lock.release();
    })());
  try {
    await supervisor.start(plan.infrastructure, options.signal);
    await plan.prepareStore(options.signal);
    await supervisor.start(plan.services, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  record({ status: 'running' });
  return {
    home: home.folder,
    addresses,
    natsUrl,
    storeUrl,
    environmentOf: (service) => planServiceEnvironment(service, plan.context),
    state: () => state,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const RECORD_AGAIN_MS = 2_000;

/** A disk that is full for a while must not end a supervisor at work: the newest state is written when it can be. */
function keepTrying<T>(write: (value: T) => void) {
  let timer: NodeJS.Timeout | undefined;
  const end = () => clearTimeout(timer);
  const attempt = (value: T): void => {
    end();
    try {
      write(value);
    } catch {
      timer = setTimeout(() => attempt(value), RECORD_AGAIN_MS);
    }
  };
  return { write: attempt, end };
}

async function describeStart(home: Home, plan: StackPlan): Promise<StackState> {
  return {
    version: 1,
    home: home.folder,
    status: 'starting',
    supervisor: await ownIdentity(),
    startedAt: new Date().toISOString(),
    store: { kind: plan.storeKind, url: plan.context.storeUrl },
    ...(plan.context.secondStoreUrl === undefined
      ? {}
      : { secondStore: { url: plan.context.secondStoreUrl } }),
    natsUrl: plan.context.natsUrl,
    addresses: plan.context.addresses,
    ports: plan.ports,
    tokenFile: home.tokenFile,
    natsTokenFile: home.natsTokenFile,
    processes: [],
  };
}
