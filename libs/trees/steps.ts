import {
  discardRequest,
  pivotRequest,
  releaseRequest,
  stageRestoreRequest,
  takeSnapshotRequest,
  type Staged,
  type StagedTrees,
} from '#libs/contracts/requests.ts';
import { parseStageName, stageName } from '#libs/contracts/stage.ts';
import { parseWith } from '#libs/contracts/step.ts';
import type { TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { HoldfastError, refuseAll } from '#libs/kernel/errors.ts';
import type { Json } from '#libs/kernel/json.ts';
import type { StepContext, StepHandler } from '#libs/runtime/contract.ts';
import type { Spec } from '#libs/contracts/spec.ts';
import { planPlaces } from './places.ts';
import { rewritesIn, rewriteStaged } from './rewrite.ts';
import type { SmallFile, TakeRequest } from './port.ts';
import type { TreePorts } from './ports.ts';

/** The verbs of a service that owns trees, given which roots are its own. */
export interface TreeComponent {
  readonly component: 'files' | 'config';
  readonly roots: readonly TreeRoot[];
}

/** The verbs in which all such services are alike; see Trees for what each promises. */
export function treeVerbs(componentOf: (spec: Spec, site: string) => TreeComponent) {
  const bind =
    (step: TreeStep): StepHandler<TreePorts> =>
    (request, context, ports) =>
      step(componentOf(context.spec, context.command.site), request, context, ports);
  return {
    StageRestore: bind(stageStep),
    PivotRestore: bind(pivotStep),
    UndoPivot: bind(undoStep),
    DiscardStage: bind(discardStep),
    ReleaseKept: bind(releaseStep),
  };
}

type TreeStep = (
  component: TreeComponent,
  request: Json,
  context: StepContext,
  ports: TreePorts,
) => Promise<Json>;

export async function takeStep(
  { component, roots }: TreeComponent,
  own: Pick<TakeRequest, 'leftOut' | 'factsOf'> & { readonly onSmallFile?: (file: SmallFile) => void },
  request: Json,
  context: StepContext,
  { trees }: TreePorts,
): Promise<Json> {
  const { mark } = parseWith(takeSnapshotRequest, request, 'TakeSnapshot');
  if (mark === undefined)
    throw new HoldfastError('MESSAGE_MALFORMED', { verb: 'TakeSnapshot', reason: 'mark is missing' });
  const { command, spec, signal } = context;
  const { leftOut, factsOf, onSmallFile } = own;
  const outcome = await context.phase('walk', () =>
    trees.take(
      { component, command, mark, roots, partial: spec.policy.partial, leftOut, factsOf },
      {
        signal,
        onProgress: (bytes) => context.progress({ bytes, activity: `reading ${component}` }),
        ...(onSmallFile === undefined ? {} : { onSmallFile }),
      },
    ),
  );
  return outcome as unknown as Json;
}

export async function stageStep(
  { component, roots }: TreeComponent,
  request: Json,
  context: StepContext,
  { trees, snapshots, requireSecret }: TreePorts,
): Promise<Json> {
  const { snapshot: ref } = parseWith(stageRestoreRequest, request, 'StageRestore');
  const { command, signal } = context;
  if (ref.component !== component) throw foreign(component, ref.component);
  const { deployment, id, digest } = ref;
  const snapshot = await snapshots.require({ deployment, component, id, digest }, signal);
  const { places, problems } = planPlaces(snapshot, roots);
  const run = { source: deployment, relocationJson: command.relocationJson };
  const resolved = rewritesIn(roots, context.spec, run, requireSecret);
  refuseAll('REFUSED', [...problems, ...resolved.problems]);
  const stage = stageName(context.token);
  const staged = await context.phase('stage', () =>
    trees.stage(
      { stage, places, listing: snapshots.listing(snapshot, signal) },
      {
        signal,
        requireLatest: context.requireLatest,
        onProgress: (bytes) => context.progress({ bytes, activity: `writing ${component}` }),
      },
    ),
  );
  const taking = staged.map(({ name, path, single, absent }) => ({ name, path, single, absent }));
  if (resolved.rewrites.length > 0)
    await context.phase('rewrite', () => rewriteStaged(resolved.rewrites, { stage, roots: taking }));
  return { component, stage, roots: taking } satisfies StagedTrees;
}

async function pivotStep(
  { component }: TreeComponent,
  request: Json,
  context: StepContext,
  { trees }: TreePorts,
): Promise<Json> {
  const { staged, ofRun } = parseStaged(component, request, context);
  const options = { as: ownName(context, ofRun), signal: context.signal, again: ofRun !== undefined };
  const pivot = () => trees.pivot(staged, options);
  return { switched: [...(await context.phase('pivot', pivot))] };
}

async function undoStep(
  { component }: TreeComponent,
  request: Json,
  context: StepContext,
  { trees }: TreePorts,
): Promise<Json> {
  const { staged, ofRun } = parseStaged(component, request, context);
  const options = { as: ownName(context, ofRun), signal: context.signal };
  return { switchedBack: [...(await context.phase('undo', () => trees.undo(staged, options)))] };
}

async function discardStep(
  { component, roots }: TreeComponent,
  request: Json,
  { token, signal, progress }: StepContext,
  { trees }: TreePorts,
): Promise<Json> {
  parseWith(discardRequest, request, 'DiscardStage');
  const removed = await trees.discard(roots, {
    as: stageName(token),
    signal,
    onProgress: (entries) => progress({ bytes: entries, activity: `removing staged ${component}` }),
  });
  return { removed: [...removed] };
}

async function releaseStep(
  { component }: TreeComponent,
  request: Json,
  context: StepContext,
  { trees }: TreePorts,
): Promise<Json> {
  const { states } = parseWith(releaseRequest, request, 'ReleaseKept');
  for (const { staged, ofRun } of states) requireOwn(component, staged, ofRun);
  const { phase, signal, progress } = context;
  const onProgress = (entries: number) =>
    progress({ bytes: entries, activity: `releasing old ${component}` });
  const removed: string[] = [];
  for (const { staged, ofRun } of states) {
    const options = { as: ownName(context, ofRun), signal, onProgress };
    const places = requireOwn(component, staged, ofRun);
    removed.push(...(await phase('release', () => trees.release(places, options))));
  }
  return { removed };
}

/** A place keeps the id of the run that made it. */
function ownName({ token }: StepContext, ofRun: string = token.runId): string {
  return stageName({ ...token, runId: ofRun });
}

/** Only places of this very run, or of the one that a rollback names. */
function parseStaged(
  component: 'files' | 'config',
  request: Json,
  { command }: StepContext,
): { readonly staged: StagedTrees; readonly ofRun: string | undefined } {
  const { staged, ofRun } = parseWith(pivotRequest, request, 'pivot');
  return { staged: requireOwn(component, staged, ofRun ?? command.runId), ofRun };
}

function requireOwn(component: 'files' | 'config', staged: Staged, runId: string): StagedTrees {
  if (staged.component === 'database' || staged.component !== component)
    throw foreign(component, staged.component);
  if (parseStageName(staged.stage)?.runId !== runId)
    throw new HoldfastError('STAGE_GONE', { stage: staged.stage, reason: 'it belongs to another run' });
  return staged;
}

function foreign(component: string, given: string): HoldfastError {
  return new HoldfastError('MESSAGE_MALFORMED', { reason: `a ${given} snapshot came to ${component}` });
}
