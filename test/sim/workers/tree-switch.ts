import { compareTokens, parseStageName } from '#libs/contracts/stage.ts';
import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { Phase, SimTree } from '../twins/tree.ts';
import { systemCall, type SitePorts } from './site.ts';

/** What a verb acts on, and with. */
export interface OnTree {
  readonly tree: SimTree;
  readonly context: StepContext;
  readonly ports: SitePorts;
}

/** libs/trees/take-over.ts: the run's place is renamed to who acts from now on; whether there is one. */
export async function takeOver(as: string, { tree, context, ports }: OnTree): Promise<boolean> {
  for (;;) {
    const newest = await systemCall(ports, context, () => findNewest(tree, as));
    if (newest === undefined || newest === as) return newest === as;
    try {
      await systemCall(ports, context, () => tree.renamePlace(newest, as, context.token));
      return true;
    } catch (error) {
      // Somebody else took it since it was listed: the next look tells who.
      if (HoldfastError.from(error).code !== 'STAGE_GONE') throw error;
    }
  }
}

function findNewest(tree: SimTree, as: string): string | undefined {
  const own = parseStageName(as)!;
  const newest = [...tree.places.keys()]
    .flatMap((stage) => {
      const token = parseStageName(stage)!;
      return token.runId === own.runId ? [{ stage, token }] : [];
    })
    .toSorted((a, b) => compareTokens(a.token, b.token))
    .at(-1);
  if (newest !== undefined && compareTokens(newest.token, own) > 0)
    throw new HoldfastError('STAGE_GONE', { stage: as, takenOverBy: newest.stage });
  return newest?.stage;
}

/** What was staged, and, where it is told, by whom: another worker's is not what was proved. */
export async function requireFilled(as: string, filledAs: string | undefined, on: OnTree): Promise<void> {
  const place = await systemCall(on.ports, on.context, () => on.tree.places.get(as));
  const isFilled = place !== undefined && place.phase !== 'staging';
  if (!isFilled || (filledAs !== undefined && place.filledAs !== filledAs))
    throw new HoldfastError('STAGE_GONE', { stage: as });
}

/** The phases of libs/trees/pivot.ts, each rename a moment of its own. */
export function pivotPlace(stage: string, on: OnTree): Promise<void> {
  return passPhases(stage, on, async (phase) => {
    switch (phase) {
      case 'staged':
        return 'clearing';
      case 'clearing':
        await moveAll(stage, 'live', 'old', on);
        return 'placing';
      case 'placing':
        await moveAll(stage, 'fresh', 'live', on);
        return 'done';
      case 'done':
        return undefined;
      default:
        throw new HoldfastError('STAGE_GONE', { stage, reason: 'it was put back' });
    }
  });
}

/** The other way round, from wherever the switch or an earlier undo stopped. */
export function undoPlace(stage: string, on: OnTree): Promise<void> {
  return passPhases(stage, on, async (phase) => {
    switch (phase) {
      case 'staging':
      case 'staged':
        return 'undone';
      case 'placing':
      case 'done':
        return 'unplacing';
      case 'clearing':
        return 'unclearing';
      case 'unplacing':
        await moveAll(stage, 'live', 'fresh', on);
        return 'unclearing';
      case 'unclearing':
        await moveAll(stage, 'old', 'live', on);
        return 'undone';
      case 'undone':
        return undefined;
    }
  });
}

/** What was put back may be switched once more. */
export async function rearmPlace(stage: string, on: OnTree): Promise<void> {
  const { tree, context, ports } = on;
  const phase = await systemCall(ports, context, () => tree.phaseOf(stage));
  if (phase === 'unplacing' || phase === 'unclearing') await undoPlace(stage, on);
  if ((await systemCall(ports, context, () => tree.phaseOf(stage))) === 'undone')
    await systemCall(ports, context, () => tree.setPhase(stage, 'staged', context.token));
}

/** Takes the run's places over and removes them; never one whose switch is complete, for its old state is kept. */
export async function discardPlaces(as: string, on: OnTree): Promise<void> {
  const { tree, context, ports } = on;
  while (await takeOver(as, on)) {
    const phase = await systemCall(ports, context, () => tree.phaseOf(as));
    if (phase === 'done') return;
    if (phase !== 'staging') await undoPlace(as, on);
    await systemCall(ports, context, () => tree.removePlace(as, context.token));
  }
}

async function passPhases(
  stage: string,
  { tree, context, ports }: OnTree,
  pass: (phase: Phase) => Promise<Phase | undefined>,
): Promise<void> {
  for (;;) {
    const next = await pass(await systemCall(ports, context, () => tree.phaseOf(stage)));
    if (next === undefined) return;
    await systemCall(ports, context, () => tree.setPhase(stage, next, context.token));
  }
}

async function moveAll(
  stage: string,
  from: 'live' | 'fresh' | 'old',
  to: 'live' | 'fresh' | 'old',
  { tree, context, ports }: OnTree,
): Promise<void> {
  for (const child of await systemCall(ports, context, () => tree.childrenOf(stage, from)))
    await systemCall(ports, context, () => tree.move(stage, child, from, to, context.token));
}
