import {
  pivotRequest,
  releaseRequest,
  runHookRequest,
  stageRestoreRequest,
  takeSnapshotRequest,
  type StagedTrees,
} from '#libs/contracts/requests.ts';
import { stageName, stagePrefix } from '#libs/contracts/stage.ts';
import { parseWith } from '#libs/contracts/step.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { ServiceContract, StepContext, StepHandler } from '#libs/runtime/contract.ts';
import type { SimTree } from '../twins/tree.ts';
import { preflight } from './preflight.ts';
import { systemCall, toil, tokenOf, type SitePorts } from './site.ts';
import { asJson, putSnapshot, readSnapshot } from './snapshots.ts';
import { discardPlaces, pivotPlace, rearmPlace, undoPlace, type OnPlace } from './tree-switch.ts';

type Handler = StepHandler<SitePorts>;
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
    (verb: (tree: SimTree, request: Json, on: OnPlace) => Promise<Json>): Handler =>
    (request, context, ports) => {
      const tree = ports.site.requireOf(context.spec)[component];
      return verb(tree, request, { tree, context, ports, token: tokenOf(context) });
    };
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
  await toil(ports, context, 500);
  if (hook !== 'reset') deployment.running = hook === 'start';
  ports.world.note(`hook ${hook} of ${deployment.name}`);
  return { hook, commands: 1 };
}

async function takeSnapshot(tree: SimTree, request: Json, { context, ports }: OnPlace): Promise<Json> {
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

async function stageRestore(tree: SimTree, request: Json, on: OnPlace): Promise<Json> {
  const { snapshot } = parseWith(stageRestoreRequest, request, 'StageRestore');
  const { context, ports, token } = on;
  const content = await readSnapshot(ports.store, snapshot);
  const stage = stageName(context.command);
  const places = await systemCall(ports, context, () => [...tree.places.keys()]);
  await discardPlaces(
    places.filter((place) => place.startsWith(stagePrefix(token.runId))),
    on,
  );
  await systemCall(ports, context, () => tree.makePlace(stage, token));
  for (const [child, text] of Object.entries(content))
    await systemCall(ports, context, () =>
      tree.write(stage, child, { tag: token.runId, content: text }, token),
    );
  await toil(ports, context, 1_000);
  await systemCall(ports, context, () => tree.setPhase(stage, 'staged', token));
  const roots = [{ name: tree.component, path: `/${tree.component}`, single: false, absent: false }];
  return { component: tree.component, stage, roots } satisfies StagedTrees;
}

async function pivot(tree: SimTree, request: Json, on: OnPlace): Promise<Json> {
  const { stage, again } = parseStaged(tree, request);
  if (again) await rearmPlace(stage, on);
  await pivotPlace(stage, on);
  return { switched: [tree.component] };
}

async function undo(tree: SimTree, request: Json, on: OnPlace): Promise<Json> {
  await undoPlace(parseStaged(tree, request).stage, on);
  return { switchedBack: [tree.component] };
}

async function discard(tree: SimTree, _request: Json, on: OnPlace): Promise<Json> {
  const places = await systemCall(on.ports, on.context, () => [...tree.places.keys()]);
  const own = places.filter((place) => place.startsWith(stagePrefix(on.token.runId)));
  await discardPlaces(own, on);
  return { removed: own };
}

async function release(tree: SimTree, request: Json, { context, ports, token }: OnPlace): Promise<Json> {
  const { states } = parseWith(releaseRequest, request, 'ReleaseKept');
  const removed: string[] = [];
  for (const { staged } of states) {
    if (!(await systemCall(ports, context, () => tree.places.has(staged.stage)))) continue;
    await systemCall(ports, context, () => tree.removePlace(staged.stage, token));
    removed.push(staged.stage);
  }
  return { removed };
}

function parseStaged(tree: SimTree, request: Json): { readonly stage: string; readonly again: boolean } {
  const { staged, ofRun } = parseWith(pivotRequest, request, 'pivot');
  if (staged.component !== tree.component) throw new HoldfastError('MESSAGE_MALFORMED', { verb: 'pivot' });
  return { stage: staged.stage, again: ofRun !== undefined };
}
