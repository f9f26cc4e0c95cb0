import {
  openSandboxRequest,
  verifyApplicationRequest,
  verifyStoredRequest,
} from '#libs/contracts/sandbox.ts';
import {
  checkLiveRequest,
  verifyBackupRequest,
  verifyPacksRequest,
  verifyStagedRequest,
  type SnapshotRef,
  type VerifyOutcome,
} from '#libs/contracts/requests.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { ServiceContract, StepContext } from '#libs/runtime/contract.ts';
import type { Deployment } from '../twins/deployment.ts';
import type { Place, SimTree } from '../twins/tree.ts';
import { preflight } from './preflight.ts';
import { statement, systemCall, toil, type SitePorts } from './site.ts';
import { asJson, create, readSnapshot, type Content } from './snapshots.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';

/** A model of the verifier: it reads what is stored, and looks at what lies in the places. */
export const verifierContract: ServiceContract<SitePorts> = {
  service: 'verifier',
  consumes: {
    VerifyBackup: verifyBackup,
    VerifyPacks: verifyPacks,
    VerifyStaged: verifyStaged,
    CheckLive: checkLive,
    VerifyStored: verifyStored,
    OpenSandbox: openSandbox,
    CloseSandbox: closeSandbox,
    VerifyApplication: verifyApplication,
  },
  serves: { 'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } } },
  publishes: [],
};

async function verifyBackup(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { backupId, snapshots } = parseWith(verifyBackupRequest, request, 'VerifyBackup');
  const contents = await readAll(snapshots, context, ports);
  const outcome = verdictOf('rows and files', findMissing(contents));
  const { deployment, runId, step } = context.command;
  const verdict = Buffer.from(JSON.stringify(outcome));
  await create(ports.store, `verdicts/${deployment}/${backupId}/${runId}.${step}.json`, verdict);
  return asJson(outcome);
}

async function verifyPacks(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { snapshots } = parseWith(verifyPacksRequest, request, 'VerifyPacks');
  await readAll(snapshots, context, ports);
  return asJson(verdictOf('packs', undefined));
}

async function verifyStored(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { snapshots } = parseWith(verifyStoredRequest, request, 'VerifyStored');
  await readAll(snapshots, context, ports);
  return asJson(verdictOf('packs', undefined));
}

async function verifyStaged(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { snapshots, staged } = parseWith(verifyStagedRequest, request, 'VerifyStaged');
  const contents = await readAll(snapshots, context, ports);
  const target = ports.site.requireOf(context.spec);
  for (const [at, place] of staged.entries()) {
    const found = await look(place.component, context, ports, () =>
      place.component === 'database'
        ? target.server.databases.get(place.side)?.rows
        : findPlace(target[place.component], place.stage)?.fresh.keys(),
    );
    requireSame(found, contents[at]!, place.component);
  }
  return asJson(verdictOf('staged', undefined));
}

/** By the name under which it was filled: whoever acted on it since has renamed it. */
function findPlace(tree: SimTree, filledAs: string): Place | undefined {
  return [...tree.places.values()].find((place) => place.filledAs === filledAs);
}

async function checkLive(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { phase, snapshots } = parseWith(checkLiveRequest, request, 'CheckLive');
  const target = ports.site.requireOf(context.spec);
  if (phase === 'serving') {
    await toil(ports, context, 500);
    if (!target.running || target.server.takingConnections() === undefined)
      throw new HoldfastError('CHECK_FAILED', { check: 'application', reason: 'it does not serve' });
    return asJson(verdictOf('serving', undefined));
  }
  const contents = await readAll(snapshots, context, ports);
  for (const [at, { component }] of snapshots.entries())
    requireSame(
      await look(component, context, ports, () => liveOf(target, component)),
      contents[at]!,
      component,
    );
  return asJson(verdictOf('restored', undefined));
}

function liveOf(target: Deployment, component: SnapshotRef['component']): Iterable<string> | undefined {
  return component === 'database' ? target.server.live?.rows : target[component].live.keys();
}

async function openSandbox(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  parseWith(openSandboxRequest, request, 'OpenSandbox');
  const { epoch, claim } = context.token;
  const name = `${sandboxName(context)}.${epoch}.${claim}`;
  await toil(ports, context, 2_000);
  ports.site.openSandbox(name);
  try {
    await context.requireLatest();
  } catch (thrown) {
    ports.site.sandboxes.delete(name);
    throw thrown;
  }
  const sandbox = {
    folder: `/${name}`,
    socket: null,
    database: name,
    places: [],
    serverVersion: '17',
    serverIdentity: name,
  };
  return asJson({ sandbox, relocationJson: JSON.stringify({ database: { name } }) });
}

async function closeSandbox(_request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  await toil(ports, context, 500);
  for (const name of ports.site.sandboxes.keys())
    if (name.startsWith(`${sandboxName(context)}.`)) ports.site.sandboxes.delete(name);
  return {};
}

async function verifyApplication(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { sandbox } = parseWith(verifyApplicationRequest, request, 'VerifyApplication');
  await toil(ports, context, 2_000);
  const target = ports.site.sandboxes.get(sandbox.database);
  const mixture = target === undefined ? 'gone' : target.mixture();
  return asJson(verdictOf('application', mixture));
}

const sandboxName = ({ command }: StepContext): string => `sandbox-${command.runId.slice(0, 8)}`;

async function readAll(
  snapshots: readonly SnapshotRef[],
  context: StepContext,
  ports: SitePorts,
): Promise<readonly Content[]> {
  const contents: Content[] = [];
  for (const ref of snapshots) {
    contents.push(await readSnapshot(ports.store, ref));
    await toil(ports, context, 1_000);
  }
  return contents;
}

/** A row whose file is in no content. */
function findMissing([database = {}, files = {}]: readonly Content[]): string | undefined {
  return Object.keys(database).find((row) => files[row] === undefined);
}

async function look(
  component: SnapshotRef['component'],
  context: StepContext,
  ports: SitePorts,
  read: () => Iterable<string> | undefined,
): Promise<ReadonlySet<string> | undefined> {
  const seen = () => {
    const found = read();
    return found === undefined ? undefined : new Set(found);
  };
  return component === 'database' ? statement(ports, context, seen) : systemCall(ports, context, seen);
}

function requireSame(found: ReadonlySet<string> | undefined, wanted: Content, component: string): void {
  const names = Object.keys(wanted);
  if (found === undefined || found.size !== names.length || names.some((name) => !found.has(name)))
    throw new HoldfastError('CHECK_FAILED', { check: component, reason: 'is not what the backup holds' });
}

function verdictOf(name: string, missing: string | undefined): VerifyOutcome {
  const checks = [{ name, level: 1, ok: missing === undefined, detail: missing ?? '' }];
  return { ok: missing === undefined, checks, notChecked: [], facts: {} };
}
