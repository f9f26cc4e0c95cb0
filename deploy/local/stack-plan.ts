import { SERVICE_NAMES, type ProcessName, type ServiceName } from '#libs/contracts/services.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAddresses } from '#libs/runtime/addresses.ts';
import type { Environment } from './cache-folder.ts';
import { chooseFreePorts } from './free-ports.ts';
import type { Home } from './home.ts';
import { planNatsServer } from './nats-server.ts';
import {
  BUCKET,
  diskStoreUrl,
  planObjectServer,
  readOrMakeCredentials,
  REGION,
  serverStoreUrl,
  type StoreChoice,
} from './object-store.ts';
import { isGrpcHealthy } from './probes.ts';
import type { ProcessPlan } from './processes.ts';
import type { Pace } from './restart-delay.ts';
import { createBucket, type S3Credentials } from './s3-bucket.ts';
import { planServiceEnvironment, type StackContext } from './service-environment.ts';
import { readStack } from './stack-state.ts';
import { findTool, type FindOptions } from './tools.ts';

/** How the processes of a stack are started. */
export interface StackCommands {
  readonly service: (name: ProcessName) => readonly string[];
  /** Runs `runSupervisor`. */
  readonly supervisor: readonly string[];
}

export interface StackOptions {
  /** Default: `HOLDFAST_HOME`, else `./.holdfast`. */
  readonly home?: string | undefined;
  /** Default: a directory in the home folder. */
  readonly store?: StoreChoice | undefined;
  /** Its address; its credentials come from the environment. */
  readonly secondStoreUrl?: string | undefined;
  /** Default: all five. With none, only bus and store run. */
  readonly services?: readonly ServiceName[] | undefined;
  /** The five in one process. */
  readonly inline?: boolean | undefined;
  readonly env?: Environment | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly commands: StackCommands;
  readonly isHealthy?: ((address: string, signal: AbortSignal) => Promise<boolean>) | undefined;
  readonly pace?: Partial<Pace> | undefined;
}

export interface StackPlan {
  readonly ports: Readonly<Record<string, number>>;
  readonly storeKind: StoreChoice['kind'];
  readonly context: StackContext;
  /** Bus and store: first up, last down. */
  readonly infrastructure: readonly ProcessPlan[];
  /** What the store needs before the services see it. Idempotent. */
  readonly prepareStore: (signal?: AbortSignal) => Promise<void>;
  readonly services: readonly ProcessPlan[];
}

interface PlannedStore {
  readonly url: string;
  readonly credentials: S3Credentials | undefined;
  readonly process: ProcessPlan | undefined;
  readonly prepare: StackPlan['prepareStore'];
}

/** Finds the programs (installing what is missing), chooses ports, writes configuration; starts nothing. */
export async function planStack(home: Home, options: StackOptions): Promise<StackPlan> {
  const env = options.env ?? process.env;
  const names = options.services ?? SERVICE_NAMES;
  const choice: StoreChoice = options.store ?? { kind: 'disk' };
  const nats = await findTool('nats-server', toolOptions(options));
  const ports = await choosePorts(home, [
    'nats-server',
    ...(isServer(choice) ? [choice.kind] : []),
    ...names,
  ]);
  const store = await planStore({ choice, home, ports, options, env });
  const context: StackContext = {
    home,
    natsUrl: `nats://127.0.0.1:${ports['nats-server']}`,
    storeUrl: store.url,
    secondStoreUrl: options.secondStoreUrl,
    credentials: store.credentials,
    addresses: {
      ...parseAddresses(env['HOLDFAST_ADDRESSES'] || '{}'),
      ...Object.fromEntries(names.map((name) => [name, `127.0.0.1:${ports[name]}`])),
    },
    pgBin: await findPostgresFolder(options),
    env,
  };
  const bus = await planNatsServer({
    program: nats.path,
    folder: home.folder,
    storeFolder: home.natsFolder,
    configFile: home.natsConfigFile,
    logFile: logFile(home, 'nats-server'),
    port: ports['nats-server'] ?? 0,
    token: (await readFile(home.natsTokenFile, 'utf8')).trim(),
    env,
  });
  return {
    ports,
    storeKind: choice.kind,
    context,
    infrastructure: store.process === undefined ? [bus] : [bus, store.process],
    prepareStore: store.prepare,
    services: processNames(options).map((name) => planService({ name, home, context, ports, options })),
  };
}

/** The processes that the services of a stack are. */
export function processNames({ services = SERVICE_NAMES, inline }: StackOptions): readonly ProcessName[] {
  return inline === true ? ['inline'] : services;
}

/** What the stack needs, fetched where somebody can see the notes: a detached supervisor then finds it ready. */
export async function prepareTools(options: StackOptions): Promise<void> {
  await findTool('nats-server', toolOptions(options));
  if (options.store !== undefined && isServer(options.store))
    await findTool(options.store.kind, toolOptions(options));
  await findPostgresFolder(options);
}

/** A stack without a database client still backs up files and configuration: said, not refused. */
async function findPostgresFolder(options: StackOptions): Promise<string | undefined> {
  try {
    return (await findTool('postgres-client', toolOptions(options))).folder;
  } catch (error) {
    const { message, remedy, code } = HoldfastError.from(error);
    if (code === 'CANCELLED') throw error;
    options.onNote?.(`databases cannot be backed up: ${message}; ${remedy}`);
    return undefined;
  }
}

/** The same ports as last time where they are still free. */
async function choosePorts(home: Home, names: readonly string[]): Promise<Record<string, number>> {
  const last = (await readStack(home.folder))?.ports ?? {};
  const ports = await chooseFreePorts(names.map((name) => last[name]));
  return { ...last, ...Object.fromEntries(names.map((name, at) => [name, ports[at] ?? 0])) };
}

async function planStore(wanted: {
  choice: StoreChoice;
  home: Home;
  ports: Readonly<Record<string, number>>;
  options: StackOptions;
  env: Environment;
}): Promise<PlannedStore> {
  const { choice, home, ports, options, env } = wanted;
  const prepare = async () => {};
  if (choice.kind === 'url') return { url: choice.url, credentials: undefined, process: undefined, prepare };
  if (choice.kind === 'disk')
    return { url: diskStoreUrl(home.storeFolder), credentials: undefined, process: undefined, prepare };
  const { kind } = choice;
  const port = ports[kind] ?? 0;
  const credentials = await readOrMakeCredentials(home.storeCredentialsFile);
  const process = await planObjectServer({
    kind,
    program: (await findTool(kind, toolOptions(options))).path,
    folder: join(home.folder, kind),
    logFile: logFile(home, kind),
    port,
    credentials,
    env,
  });
  return {
    url: serverStoreUrl(port),
    credentials,
    process,
    prepare: (signal) =>
      createBucket({
        endpoint: `http://127.0.0.1:${port}`,
        region: REGION,
        bucket: BUCKET,
        credentials,
        signal,
      }),
  };
}

function planService(wanted: {
  name: ProcessName;
  home: Home;
  context: StackContext;
  ports: Readonly<Record<string, number>>;
  options: StackOptions;
}): ProcessPlan {
  const { name, home, context, ports, options } = wanted;
  // The coordinator's door is the last that opens, and the one that everybody comes to.
  const port = ports[name === 'inline' ? 'restore-coordinator' : name] ?? 0;
  const isHealthy = options.isHealthy ?? isGrpcHealthy;
  return {
    name,
    command: options.commands.service(name),
    env: planServiceEnvironment(name, context),
    cwd: '/',
    logFile: logFile(home, name),
    port,
    isHealthy: (signal) => isHealthy(`127.0.0.1:${port}`, signal),
  };
}

function isServer(choice: StoreChoice): choice is { kind: 'minio' | 'versitygw' } {
  return choice.kind === 'minio' || choice.kind === 'versitygw';
}

function logFile(home: Home, name: string): string {
  return join(home.logFolder, `${name}.log`);
}

function toolOptions({ signal, env, onNote }: StackOptions): FindOptions {
  return { signal, env, onNote };
}
