import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { parseSpec, type Spec } from '#libs/contracts/spec.ts';
import { takeSnapshotOutcome, type StagedDatabase } from '#libs/contracts/requests.ts';
import type { StepCommand, Verb } from '#libs/contracts/step.ts';
import { systemClock } from '#libs/kernel/clock.ts';
import type { Json } from '#libs/kernel/json.ts';
import { Secret } from '#libs/kernel/secret.ts';
import { openRepository } from '#libs/repository/open.ts';
import type { ServiceContract, StepContext } from '#libs/runtime/contract.ts';
import type { BuildService, Host } from '#libs/runtime/host.ts';
import { claimWork } from '#libs/saga/claims.ts';
import { openStore } from '#libs/store/open-store.ts';
import { silentLog } from '#libs/telemetry/log.ts';
import { contract as dbSnapshot } from '#services/db-snapshot/contract.ts';
import { buildService as buildDbSnapshot } from '#services/db-snapshot/service.ts';
import { contract as verifier } from '#services/verifier/contract.ts';
import { buildService as buildVerifier } from '#services/verifier/service.ts';
import type { Done, Part, Snapshot } from './ours.ts';
import { ProgressLog, type Told } from './progress-log.ts';
import { serverCpuMs } from './server-cpu.ts';

/**
 * child.ts take|restore STORE IDENTITY-FILE FILE: the services' own verbs, as a command of a run has them done. `take`
 * writes into FILE what it took, after what FILE says was taken before; `restore` reads that, stages it beside the live database, has the verifier compare that
 * with what the source said, and adds where it lies. DB_URL is the live database, PG_BIN the clients of its server, SERVER_PID the server itself.
 */
const [verb, address = '', identityFile = '', file = ''] = process.argv.slice(2);
const store = openStore(address);
const identity = new Secret(await readFile(identityFile, 'utf8'));
const runId = randomBytes(16).toString('hex');
const phases: Record<string, Part> = {};
const told: Record<string, Told> = {};
const serverPid = Number(process.env['SERVER_PID']);
const host: Omit<Host, 'service'> = {
  site: 'local',
  store,
  repository: await openRepository({ store, identity }),
  clock: systemClock,
  log: silentLog,
  requireSecret: () => new Secret(process.env['DB_URL'] ?? ''),
  pgBin: process.env['PG_BIN'],
  instance: 'bench',
  takeoverMs: 8_000,
};

if (verb === 'take') {
  const request = existsSync(file) ? { previous: (await readDone()).snapshot } : {};
  const taken = takeSnapshotOutcome.parse(
    await run(dbSnapshot, buildDbSnapshot, 'TakeSnapshot', request as unknown as Json),
  );
  const { snapshot, newBytes, sourceBytes, facts } = taken;
  const { tables, rows } = facts as { readonly tables: number; readonly rows: number };
  await writeDone({ snapshot, newBytes, sourceBytes, tables, rows, ...spent() });
} else {
  const done = await readDone();
  const { snapshot } = done;
  const request = { snapshot: snapshot as unknown as Json };
  const staged = await run(dbSnapshot, buildDbSnapshot, 'StageRestore', request);
  const proof = { backupId: '20260101T000000Z-00000000', snapshots: [request.snapshot], staged: [staged] };
  await run(verifier, buildVerifier, 'VerifyStaged', proof);
  await writeDone({ ...done, side: (staged as unknown as StagedDatabase).side, ...spent() });
}

async function readDone(): Promise<Done> {
  return JSON.parse(await readFile(file, 'utf8')) as Done;
}

/** What the kernel counts of this process alone. */
function spent(): Pick<Done, 'ownMiB' | 'phases' | 'told'> {
  return { ownMiB: process.resourceUsage().maxRSS / 1024, phases, told };
}

async function writeDone(done: Done & { readonly snapshot: Snapshot }): Promise<void> {
  await writeFile(file, JSON.stringify(done));
}

async function run<Ports>(
  contract: ServiceContract<Ports>,
  build: BuildService<Ports>,
  name: Verb,
  request: Json,
): Promise<Json> {
  await using service = await build({ ...host, service: contract.service });
  const command = {
    runId,
    deployment: 'bench',
    step: name,
    attempt: 1,
    epoch: 1,
    service: contract.service,
    site: 'local',
    verb: name,
  } as StepCommand;
  const progress = new ProgressLog(performance.now());
  const context: StepContext = {
    command,
    token: await claimWork(store, command, host.instance),
    requireLatest: async () => {},
    spec: parseSpec('deployment: bench\ndatabase: { url: { env: DB_URL } }\n') as Spec,
    signal: new AbortController().signal,
    log: silentLog,
    progress: (report) => progress.add(performance.now(), report),
    publishEarly: async () => {},
    async phase(part, work) {
      const [from, cpu, server] = [performance.now(), process.cpuUsage(), serverCpuMs(serverPid)];
      const result = await work();
      const { user, system } = process.cpuUsage(cpu);
      phases[`${name}: ${part}`] = {
        wallMs: Math.round(performance.now() - from),
        cpuMs: Math.round((user + system) / 1000),
        serverCpuMs: serverCpuMs(serverPid) - server,
      };
      return result;
    },
  };
  const outcome = await contract.consumes[name]!(request, context, service.ports);
  const found = progress.tell(performance.now());
  if (found !== undefined) told[name] = found;
  return outcome;
}
