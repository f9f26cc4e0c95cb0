import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sendSignal } from '#deploy/local/end-process.ts';
import { chooseFreePorts } from '#deploy/local/free-ports.ts';
import { prepareHome, type Home } from '#deploy/local/home.ts';
import {
  planObjectServer,
  readOrMakeCredentials,
  REGION,
  BUCKET,
  serverStoreUrl,
} from '#deploy/local/object-store.ts';
import { isGrpcHealthy } from '#deploy/local/probes.ts';
import { createBucket, type S3Credentials } from '#deploy/local/s3-bucket.ts';
import { readLogTail } from '#deploy/local/spawn-logged.ts';
import { planServiceEnvironment } from '#deploy/local/service-environment.ts';
import { findTool } from '#deploy/local/tools.ts';
import { SERVICE_NAMES, type ServiceName } from '#libs/contracts/services.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { createRepository, newIdentity } from '#libs/repository/open.ts';
import type { Caller } from '#libs/rpc/caller.ts';
import { createCaller } from '#libs/rpc/client.ts';
import { tokenFile } from '#libs/rpc/token.ts';
import { openStore } from '#libs/store/open-store.ts';
import type { ObjectStore } from '#libs/store/port.ts';
import { PROGRAM_FILE } from '#services/operator/cli/bundled.ts';
import { openCable, type Cable } from './cable.ts';
import { postgresMember, supervised, type Member } from './member.ts';
import { planNatsNodes } from './nats-nodes.ts';
import { replicaName } from './replica-name.ts';

export interface StackOptions {
  /** Of this stack alone: it goes when this process is stopped. */
  readonly folder: string;
  /** nats-servers: one, or a cluster of three. */
  readonly nodes: 1 | 3;
  /** Processes of each service. */
  readonly replicas: number;
  /** Over what a service gets otherwise. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Stack extends AsyncDisposable {
  readonly home: Home;
  readonly storeUrl: string;
  readonly credentials: S3Credentials;
  readonly store: ObjectStore;
  /** Comes to processes that are not stopped. */
  readonly caller: Caller;
  /** Superuser's address of the database `postgres`. */
  readonly postgresUrl: string;
  readonly pgBin: string;
  readonly names: readonly string[];
  member(name: string): Member;
  /** The process that listens there. */
  nameAt(port: number): string | undefined;
  /** SIGSTOP to all of it; whoever asks for its service comes to another process, as behind any balancer. */
  freeze(name: string): void;
  thaw(name: string): void;
  /** As the EDMS reaches the bus. */
  readonly busUrl: string;
  readonly busToken: Secret;
  /** Between a process of a service and the bus. */
  busCable(name: string): Cable;
  /** Folder of a node's streams. */
  streamsOf(name: string): string;
  healthy(): Promise<void>;
}

const HEALTHY_MS = 60_000;

/** All that a deployment of Holdfast is, in processes of its own on loopback, and a system's database beside it. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { folder, nodes, replicas, environment = {} } = options;
  await using owned = new AsyncDisposableStack();
  const members = new Map<string, Member>();
  const frozen = new Set<string>();
  endWithUs(owned, folder, members);

  const home = await prepareHome(join(folder, 'home'));
  const postgres = await postgresMember(join(folder, 'pg'));
  owned.defer(() => postgres.discard());
  members.set(postgres.name, postgres);
  const pgBin = postgres.server().bin;

  const start = async (member: Member): Promise<void> => {
    members.set(member.name, member);
    owned.defer(() => member.down());
    await member.up();
  };

  const object = await startMinio(home, start);
  const store = openStore(object.storeUrl, {
    accessKey: object.credentials.accessKey,
    secretKey: new Secret(object.credentials.secretKey),
  });
  const identity = await newIdentity();
  await createRepository({ store, identity });
  await writeFile(home.keyFile, `${identity.reveal()}\n`, { mode: 0o600 });

  const bus = await planNatsNodes({ home, nodes });
  await Promise.all(bus.plans.map((plan) => start(supervised(plan))));

  const ports = await chooseFreePorts(
    SERVICE_NAMES.flatMap(() => Array.from({ length: replicas }, () => undefined)),
  );
  const portOf = (service: ServiceName, at: number) => ports[SERVICE_NAMES.indexOf(service) * replicas + at]!;
  const doors: Record<string, string> = {};
  const doorCables = new Map<ServiceName, Cable>();
  for (const service of SERVICE_NAMES) {
    const cable = owned.use(
      await openCable(() =>
        Array.from({ length: replicas }, (_, at) => at)
          .filter((at) => !frozen.has(replicaName(service, at)))
          .map((at) => portOf(service, at)),
      ),
    );
    doorCables.set(service, cable);
    doors[service] = `127.0.0.1:${cable.port}`;
  }
  const edms = owned.use(await openCable(() => bus.ports));
  const busCables = new Map<string, Cable>();
  const services = SERVICE_NAMES.flatMap((service) =>
    Array.from({ length: replicas }, (_, at) => ({ service, at, name: replicaName(service, at) })),
  );
  for (const { name } of services) busCables.set(name, owned.use(await openCable(() => bus.ports)));
  await Promise.all(
    services.map(async ({ service, at, name }) => {
      const port = portOf(service, at);
      const address = `127.0.0.1:${port}`;
      await start(
        supervised({
          name,
          command: [process.execPath, PROGRAM_FILE, 'service', service],
          env: {
            ...planServiceEnvironment(service, {
              home,
              natsUrl: `nats://127.0.0.1:${busCables.get(name)!.port}`,
              storeUrl: object.storeUrl,
              credentials: object.credentials,
              addresses: doors,
              pgBin,
              env: process.env,
            }),
            HOLDFAST_LISTEN: address,
            // They are started often, and always the same.
            NODE_COMPILE_CACHE: join(folder, 'compiled'),
            ...environment,
          },
          cwd: '/',
          logFile: join(home.logFolder, `${name}.log`),
          port,
          isHealthy: (signal) => isGrpcHealthy(address, signal),
        }),
      );
    }),
  );
  const caller = createCaller({ addresses: doors, token: tokenFile(home.tokenFile) });
  owned.defer(() => caller[Symbol.dispose]());

  const member = (name: string): Member => {
    const found = members.get(name);
    if (found === undefined) throw new TypeError(`no process ${name}`);
    return found;
  };
  /** With its own children, as when a whole machine stands still. */
  const signal = (name: string, how: NodeJS.Signals): void => {
    const pid = member(name).pid();
    if (pid !== undefined) sendSignal(-pid, how);
  };
  const serviceOf = (name: string) => name.split('.', 1)[0] as ServiceName;
  const stack = owned.move();
  return {
    home,
    storeUrl: object.storeUrl,
    credentials: object.credentials,
    store,
    caller,
    postgresUrl: postgres.server().superuserUrl,
    pgBin,
    names: [...members.keys()],
    member,
    nameAt: (port) => services.find(({ service, at }) => portOf(service, at) === port)?.name,
    freeze(name) {
      signal(name, 'SIGSTOP');
      frozen.add(name);
      // Who was connected to it comes again, and to another.
      const cable = doorCables.get(serviceOf(name));
      cable?.cut();
      cable?.mend();
    },
    thaw(name) {
      frozen.delete(name);
      signal(name, 'SIGCONT');
    },
    busUrl: `nats://127.0.0.1:${edms.port}`,
    busToken: new Secret(bus.token),
    busCable: (name) => busCables.get(name)!,
    streamsOf: (name) => bus.streamsOf(name),
    async healthy() {
      const deadline = performance.now() + HEALTHY_MS;
      for (;;) {
        const sick = [...members.values()].filter((each) => !each.isHealthy());
        if (sick.length === 0) return;
        if (performance.now() > deadline) {
          const lines = await readLogTail(sick[0]!.logFile());
          throw new Error(`${sick.map(({ name }) => name).join()} did not come back: ${lines}`);
        }
        await pause(50);
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function startMinio(home: Home, start: (member: Member) => Promise<void>) {
  const { path } = await findTool('minio');
  const [port = 0] = await chooseFreePorts([undefined]);
  const credentials = await readOrMakeCredentials(home.storeCredentialsFile);
  const plan = await planObjectServer({
    kind: 'minio',
    program: path,
    folder: join(home.folder, 'minio'),
    logFile: join(home.logFolder, 'minio.log'),
    port,
    credentials,
    env: process.env,
  });
  await start(supervised(plan));
  await createBucket({ endpoint: `http://127.0.0.1:${port}`, region: REGION, bucket: BUCKET, credentials });
  return { storeUrl: serverStoreUrl(port), credentials };
}

/** However this process ends, what it started ends before it. */
function endWithUs(owned: AsyncDisposableStack, folder: string, members: ReadonlyMap<string, Member>): void {
  const killAll = () => {
    for (const member of members.values()) member.end();
  };
  const onSignal = (signal: NodeJS.Signals) => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
    process.kill(process.pid, signal);
  };
  process.once('exit', killAll);
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal);
  owned.defer(() => {
    process.off('exit', killAll);
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
  });
}
