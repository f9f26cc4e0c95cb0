import type { ServiceName } from '#libs/contracts/services.ts';
import { HoldfastError, type ErrorRecord } from '#libs/kernel/errors.ts';
import { execa } from 'execa';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { sendSignal } from './end-process.ts';
import { endProcess, isGoneWithin } from './end-process.ts';
import { homeFolder, prepareHome } from './home.ts';
import { findLockHolder } from './numbered-lock.ts';
import type { StoreChoice } from './object-store.ts';
import { prepareTools, processNames, type StackOptions } from './stack-plan.ts';
import { readStack, type StackState } from './stack-state.ts';

/** How the supervisor process learns what to run: no secrets, those stay in files and inherited variables. */
export const ORDER_VARIABLE = 'HOLDFAST_SUPERVISE';

export interface SupervisorOrder {
  readonly home: string;
  readonly store: StoreChoice | undefined;
  readonly secondStoreUrl: string | undefined;
  readonly services: readonly ServiceName[] | undefined;
  readonly inline: boolean | undefined;
  readonly commands: Readonly<Record<string, readonly string[]>>;
}

export type SupervisorMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'failed'; readonly error: ErrorRecord };

/** All children get their grace after one another: services, then store and bus. */
const STOP_MS = 90_000;
const CHILD_GRACE_MS = 5_000;

/**
 * As `startStack`, but a process of its own keeps the stack running after we ended; resolves with the recorded
 * state when all is healthy. `isHealthy` and `pace` are the supervisor's own.
 */
export async function startDetachedStack(
  options: Omit<StackOptions, 'isHealthy' | 'pace'>,
): Promise<StackState> {
  const env = options.env ?? process.env;
  const home = await prepareHome(options.home ?? homeFolder(env));
  const holder = await findLockHolder(home.lockFolder);
  if (holder !== undefined) throw new HoldfastError('HOME_IN_USE', { home: home.folder, pid: holder.pid });
  await prepareTools(options);
  const order: SupervisorOrder = {
    home: home.folder,
    store: options.store,
    secondStoreUrl: options.secondStoreUrl,
    services: options.services,
    inline: options.inline,
    commands: Object.fromEntries(processNames(options).map((name) => [name, options.commands.service(name)])),
  };
  await launch({ order, env, logFile: join(home.logFolder, 'supervisor.log'), options });
  const state = await readStack(home.folder);
  if (state === undefined)
    throw new HoldfastError('INTERNAL', { reason: 'the stack runs but left no record' });
  return state;
}

async function launch(start: {
  order: SupervisorOrder;
  env: Readonly<Record<string, string | undefined>>;
  logFile: string;
  options: StackOptions;
}): Promise<void> {
  const { order, env, logFile, options } = start;
  const [file = '', ...args] = options.commands.supervisor;
  const log = await open(logFile, 'a', 0o600);
  // Descriptors of any number are passed on, though the type names only the first few.
  const descriptor = log.fd as 3;
  const child = execa(file, args, {
    env: { ...env, [ORDER_VARIABLE]: JSON.stringify(order) },
    extendEnv: false,
    // As daemons do: it keeps no file system busy, and is itself kept from none.
    cwd: '/',
    detached: true,
    cleanup: false,
    stdio: ['ignore', descriptor, descriptor, 'ipc'],
    buffer: false,
    reject: false,
  });
  await log.close();
  const onAbort = () => {
    if (child.pid !== undefined) sendSignal(child.pid, 'SIGTERM');
  };
  options.signal?.addEventListener('abort', onAbort);
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message) => {
        const said = message as unknown as SupervisorMessage;
        if (said.kind === 'note') options.onNote?.(said.note);
        if (said.kind === 'ready') resolve();
        if (said.kind === 'failed') reject(HoldfastError.fromRecord(said.error));
      });
      void child.then(({ exitCode, signal, code }) => {
        const details = {
          program: 'supervisor',
          exitCode: exitCode ?? null,
          signal: signal ?? null,
          reason: code ?? null,
        };
        reject(new HoldfastError('TOOL_FAILED', { ...details, remedy: `see ${logFile}` }));
      });
    });
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/**
 * Ends the stack of a home, foreground or detached, and waits until none of its processes is left. Idempotent;
 * false when nothing ran. Also ends what a killed supervisor left behind. Throws UNDO_FAILED naming what stays.
 */
export async function stopStack(home: string): Promise<boolean> {
  const state = await readStack(home);
  if (state === undefined) return false;
  if (state.running) {
    sendSignal(state.supervisor.pid, 'SIGTERM');
    if (!(await isGoneWithin(state.supervisor, STOP_MS))) await endProcess(state.supervisor, 0);
  }
  // The supervisor ended its children; after a kill they are here.
  const left = ((await readStack(home)) ?? state).processes.toReversed();
  let found = state.running;
  for (const { name, process: identity } of left) {
    if (identity === null) continue;
    found = true;
    if (await endProcess(identity, CHILD_GRACE_MS)) continue;
    throw new HoldfastError('UNDO_FAILED', {
      process: name,
      pid: identity.pid,
      remedy: `kill -9 ${identity.pid}`,
    });
  }
  return found;
}
