import { HoldfastError } from '#libs/kernel/errors.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import type { Token } from '../twins/token.ts';
import type { Phase, SimTree } from '../twins/tree.ts';
import { systemCall, type SitePorts } from './site.ts';

/** What a verb acts with. */
export interface OnPlace {
  readonly tree: SimTree;
  readonly context: StepContext;
  readonly ports: SitePorts;
  readonly token: Token;
}

/** The phases of libs/trees/pivot.ts, each rename a moment of its own. */
export function pivotPlace(stage: string, on: OnPlace): Promise<void> {
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
export function undoPlace(stage: string, on: OnPlace): Promise<void> {
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
export async function rearmPlace(stage: string, on: OnPlace): Promise<void> {
  const { tree, context, ports, token } = on;
  const phase = await systemCall(ports, context, () => tree.phaseOf(stage));
  if (phase === 'unplacing' || phase === 'unclearing') await undoPlace(stage, on);
  if ((await systemCall(ports, context, () => tree.phaseOf(stage))) === 'undone')
    await systemCall(ports, context, () => tree.setPhase(stage, 'staged', token));
}

/** Never one whose switch is complete: its old state is kept. */
export async function discardPlaces(stages: readonly string[], on: OnPlace): Promise<void> {
  const { tree, context, ports, token } = on;
  for (const stage of stages) {
    const phase = await systemCall(ports, context, () => tree.phaseOf(stage));
    if (phase === 'done') continue;
    if (phase !== 'staging') await undoPlace(stage, on);
    await systemCall(ports, context, () => tree.removePlace(stage, token));
  }
}

async function passPhases(
  stage: string,
  { tree, context, ports, token }: OnPlace,
  pass: (phase: Phase) => Promise<Phase | undefined>,
): Promise<void> {
  for (;;) {
    const next = await pass(await systemCall(ports, context, () => tree.phaseOf(stage)));
    if (next === undefined) return;
    await systemCall(ports, context, () => tree.setPhase(stage, next, token));
  }
}

async function moveAll(
  stage: string,
  from: 'live' | 'fresh' | 'old',
  to: 'live' | 'fresh' | 'old',
  { tree, context, ports, token }: OnPlace,
): Promise<void> {
  for (const child of await systemCall(ports, context, () => tree.childrenOf(stage, from)))
    await systemCall(ports, context, () => tree.move(stage, child, from, to, token));
}
