import { HoldfastError } from '#libs/kernel/errors.ts';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sendSignal } from './end-process.ts';
import { chooseFreePort } from './free-ports.ts';
import { planNatsServer } from './nats-server.ts';
import {
  BUCKET,
  planObjectServer,
  readOrMakeCredentials,
  REGION,
  serverStoreUrl,
  type ServerKind,
} from './object-store.ts';
import type { ProcessPlan } from './processes.ts';
import { createBucket, type S3Credentials } from './s3-bucket.ts';
import { readLogTail, spawnLogged } from './spawn-logged.ts';
import { findTool } from './tools.ts';

const START_MS = 60_000;
const PROBE_MS = 2_000;
const POLL_MS = 50;
const GRACE_MS = 15_000;

/** One server without a supervisor, for tests and drills: it stays down when it is killed. */
export interface StandaloneServer extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly logFile: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface ServerOptions {
  /** Data, configuration and log; started again with the same folder and port it goes on where it was. */
  readonly folder: string;
  readonly port?: number;
  readonly signal?: AbortSignal;
  readonly onNote?: (note: string) => void;
}

export async function startNatsServer(
  options: ServerOptions & { token?: string },
): Promise<StandaloneServer & { readonly url: string; readonly token: string }> {
  const { path } = await findTool('nats-server', options);
  const port = options.port ?? (await chooseFreePort());
  const token = options.token ?? randomBytes(16).toString('hex');
  await mkdir(options.folder, { recursive: true });
  const inFolder = (name: string) => join(options.folder, name);
  const plan = await planNatsServer({
    program: path,
    folder: options.folder,
    storeFolder: inFolder('jetstream'),
    configFile: inFolder('nats.conf'),
    logFile: inFolder('nats-server.log'),
    port,
    token,
    env: process.env,
  });
  return { ...(await startPlanned(plan, options.signal)), url: `nats://127.0.0.1:${port}`, token };
}

/** MinIO or versitygw with the bucket `holdfast`; credentials are kept in the folder where no file is named. */
export async function startObjectServer(
  options: ServerOptions & { kind: ServerKind; credentialsFile?: string },
): Promise<
  StandaloneServer & {
    readonly endpoint: string;
    readonly region: string;
    readonly bucket: string;
    readonly credentials: S3Credentials;
    /** As `HOLDFAST_STORE_URL` says it. */
    readonly storeUrl: string;
  }
> {
  const { kind, folder } = options;
  const { path } = await findTool(kind, options);
  const port = options.port ?? (await chooseFreePort());
  await mkdir(folder, { recursive: true });
  const credentials = await readOrMakeCredentials(
    options.credentialsFile ?? join(folder, 'credentials.json'),
  );
  const logFile = join(folder, `${kind}.log`);
  const plan = await planObjectServer({
    kind,
    program: path,
    folder,
    logFile,
    port,
    credentials,
    env: process.env,
  });
  const server = await startPlanned(plan, options.signal);
  const endpoint = `http://127.0.0.1:${port}`;
  await createBucket({ endpoint, region: REGION, bucket: BUCKET, credentials, signal: options.signal });
  return { ...server, endpoint, region: REGION, bucket: BUCKET, credentials, storeUrl: serverStoreUrl(port) };
}

async function startPlanned(plan: ProcessPlan, signal?: AbortSignal): Promise<StandaloneServer> {
  const { pid, ended } = await spawnLogged(plan);
  let over = false;
  const end = async (how: NodeJS.Signals) => {
    if (!over) sendSignal(pid, how);
    const timer = setTimeout(() => {
      sendSignal(pid, 'SIGKILL');
    }, GRACE_MS);
    await ended;
    clearTimeout(timer);
  };
  void ended.then(() => (over = true));
  const deadline = performance.now() + START_MS;
  while (!(await plan.isHealthy(AbortSignal.timeout(PROBE_MS)).catch(() => false))) {
    if (over || signal?.aborted === true || performance.now() > deadline) {
      await end('SIGKILL');
      if (signal?.aborted === true) throw HoldfastError.from(signal.reason);
      throw new HoldfastError('TOOL_FAILED', {
        program: plan.name,
        lastLines: await readLogTail(plan.logFile),
      });
    }
    await delay(POLL_MS);
  }
  const stop = () => end('SIGTERM');
  return {
    pid,
    port: plan.port,
    logFile: plan.logFile,
    stop,
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: stop,
  };
}
