import {
  pivotRequest,
  releaseRequest,
  runHookRequest,
  stageRestoreRequest,
  takeSnapshotRequest,
  type StagedTrees,
} from '#libs/contracts/requests.ts';
import { stageName } from '#libs/contracts/stage.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { ServiceContract, StepContext, StepHandler } from '#libs/runtime/contract.ts';
import { preflight } from './preflight.ts';
import { systemCall, toil, type SitePorts } from './site.ts';
import { asJson, putSnapshot, readSnapshot } from './snapshots.ts';
import {
  discardPlaces,
  pivotPlace,
  rearmPlace,
  requireFilled,
  takeOver,
  undoPlace,
  type OnTree,
} from './tree-switch.ts';

type Component = 'files' | 'config';

const serves = { 'holdfast.component.v1.ComponentService': { preflight: { unary: preflight } } };

/** Models of file-snapshot and config-vault: the protocol of libs/trees, on trees that are simulated. */
export const filesContract: ServiceContract<SitePorts> = {
  service: 'file-snapshot',
  consumes: treeVerbs('files'),
  serves,
  publishes: [],
};

export const configContract: ServiceContract<SitePorts> = {
  service: 'config-vault',
  consumes: { ...treeVerbs('config'), RunHook: runHook },
  serves,
  publishes: [],
};

function treeVerbs(component: Component) {
  const bind =
    (verb: (on: OnTree, request: Json) => Promise<Json>): StepHandler<SitePorts> =>
    (request, context, ports) =>
      verb({ tree: ports.site.requireOf(context.spec)[component], context, ports }, request);
  return {
    TakeSnapshot: bind(takeSnapshot),
    StageRestore: bind(stageRestore),
    PivotRestore: bind(pivot),
    UndoPivot: bind(undo),
    DiscardStage: bind(discard),
    ReleaseKept: bind(release),
  };
}

async function runHook(request: Json, context: StepContext, ports: SitePorts): Promise<Json> {
  const { hook } = parseWith(runHookRequest, request, 'RunHook');
  const deployment = ports.site.requireOf(context.spec);
  await context.requireLatest();
  await toil(ports, context, 500);
  if (hook !== 'reset') deployment.running = hook === 'start';
  ports.world.note(`hook ${hook} of ${deployment.name}`);
  return { hook, commands: 1 };
}

async function takeSnapshot({ tree, context, ports }: OnTree, request: Json): Promise<Json> {
  const { mark } = parseWith(takeSnapshotRequest, request, 'TakeSnapshot');
  const { runId, step, attempt, deployment } = context.command;
  const content: Record<string, string> = {};
  const names = await systemCall(ports, context, () => [...tree.live.keys()]);
  for (const name of names) {
    const child = await systemCall(ports, context, () => tree.live.get(name));
    if (child !== undefined) content[name] = child.content;
  }
  await toil(ports, context, 2_000);
  const id = `${runId}.${step}.${attempt}.${ports.clock.now().toString(36)}`;
  const where = { deployment, component: tree.component, id };
  const { ref, packs } = await putSnapshot(ports.store, where, { mark: mark!, content });
  const facts = { roots: [] };
  return asJson({ snapshot: ref, mark, leftOut: [], facts, packs, sourceBytes: 1, newBytes: 1 });
}

async function stageRestore(on: OnTree, request: Json): Promise<Json> {
  const { snapshot } = parseWith(stageRestoreRequest, request, 'StageRestore');
  const { tree, context, ports } = on;
  const { token } = context;
  const content = await readSnapshot(ports.store, snapshot);
  const stage = stageName(token);
  await discardPlaces(stage, on);
  await systemCall(ports, context, () => tree.makePlace(stage));
  await context.requireLatest().catch(async (error: unknown) => {
    await systemCall(ports, context, () => tree.abandonPlace(stage, token)).catch(() => {});
    throw error;
  });
  for (const [child, text] of Object.entries(content))
    await systemCall(ports, context, () =>
      tree.write(stage, child, { tag: token.runId, content: text }, token),
    );
  await toil(ports, context, 1_000);
  await systemCall(ports, context, () => tree.setPhase(stage, 'staged', token));
  const roots = [{ name: tree.component, path: `/${tree.component}`, single: false, absent: false }];
  return { component: tree.component, stage, roots } satisfies StagedTrees;
}

async function pivot(on: OnTree, request: Json): Promise<Json> {
  const { staged, as, again } = parseStaged(on, request);
  await takeOver(as, on);
  if (again) await rearmPlace(as, on);
  else await requireFilled(as, staged.stage, on);
  await pivotPlace(as, on);
  return { switched: [on.tree.component] };
}

async function undo(on: OnTree, request: Json): Promise<Json> {
  const { as } = parseStaged(on, request);
  await takeOver(as, on);
  await requireFilled(as, undefined, on);
  await undoPlace(as, on);
  return { switchedBack: [on.tree.component] };
}

async function discard(on: OnTree): Promise<Json> {
  await discardPlaces(stageName(on.context.token), on);
  return {};
}

async function release(on: OnTree, request: Json): Promise<Json> {
  const { states } = parseWith(releaseRequest, request, 'ReleaseKept');
  const { tree, context, ports } = on;
  const removed: string[] = [];
  for (const { ofRun } of states) {
    const as = stageName({ ...context.token, runId: ofRun });
    if (!(await takeOver(as, on))) continue;
    const phase = await systemCall(ports, context, () => tree.phaseOf(as));
    if (phase !== 'done' && phase !== 'undone')
      throw new HoldfastError('STAGE_GONE', { reason: `it is ${phase}` });
    await systemCall(ports, context, () => tree.removePlace(as, context.token));
    removed.push(as);
  }
  return { removed };
}

/** A place keeps the id of the run that made it. */
function parseStaged({ tree, context }: OnTree, request: Json) {
  const { staged, ofRun } = parseWith(pivotRequest, request, 'pivot');
  if (staged.component !== tree.component) throw new HoldfastError('MESSAGE_MALFORMED', { verb: 'pivot' });
  const { token } = context;
  return { staged, as: stageName({ ...token, runId: ofRun ?? token.runId }), again: ofRun !== undefined };
}
