import type { RunningStack } from './holdfast-scheme.ts';
import type { Spoken } from './holdfast.ts';
import { compare, observe, type Verdict } from './judge.ts';
import { requireTaken } from './spiteful.ts';
import { pauseEdms, resumeEdms, type World } from './world.ts';

/** A world that somebody works in, declared to a running stack: where scenarios are played. */
export interface Theatre {
  readonly world: World;
  readonly stack: RunningStack;
  readonly deployment: string;
  readonly seed: number;
  readonly onNote: (note: string) => void;
}

/** What a scenario did and what the oracle says of it. */
export interface Played {
  readonly backup: Spoken;
  readonly restore: Spoken;
  /** Commands after the disaster besides the one that puts things right. */
  readonly manualSteps: number;
  readonly oracle: Verdict;
  readonly sabotage?: Sabotaged;
  /** Paths of overwritten documents whose row and file are of two moments, as the restore said, or as it must be. */
  readonly told?: readonly string[];
  /** Everything the scenario promises besides: name → whether it held. */
  readonly promises: Readonly<Record<string, boolean>>;
}

export interface Sabotaged {
  readonly what: string;
  readonly expected: 'full proof' | 'refusal';
  readonly seen: 'full proof' | 'refusal';
  /** By the oracle: the system is what it was before. */
  readonly intact: boolean;
}

export type Play = (theatre: Theatre) => Promise<Played>;

/** While it is taken a spiteful world writes, and a backup that says what moved is as good as a whole one. */
export async function takeBackup({ world, stack, deployment }: Theatre): Promise<Spoken> {
  if (world.living.length === 0) return await stack.holdfast.expect(0, 'backup', deployment);
  await resumeEdms(world);
  const spoken = await stack.holdfast.say('backup', deployment);
  await pauseEdms(world);
  requireTaken(spoken, world);
  return spoken;
}

/** The one command, and how many others were given besides. */
export async function restoreOnce(
  { stack: { holdfast } }: Theatre,
  exit: number,
  ...words: readonly string[]
): Promise<{ readonly restore: Spoken; readonly manualSteps: number }> {
  const given = holdfast.given();
  const restore = await holdfast.expect(exit, 'restore', ...words, '--yes');
  return { restore, manualSteps: holdfast.given() - given - 1 };
}

/** The oracle on some sections only, of a record made now against an earlier one. */
export async function judgeOnly(
  world: World,
  options: { name: string; system: object; before: string; only: string },
): Promise<Verdict> {
  const { name, system, before, only } = options;
  const { file } = await observe(world, { name, system, only, since: before });
  return await compare(world, { before, after: file, flags: ['--only', only] });
}

export function together(...verdicts: readonly Verdict[]): Verdict {
  return {
    ok: verdicts.every(({ ok }) => ok),
    compared: Object.assign({}, ...verdicts.map(({ compared }) => compared)) as Verdict['compared'],
    differences: verdicts.flatMap(({ differences }) => differences),
    faults: verdicts.flatMap(({ faults }) => faults),
  };
}

/** The outcome that the run's last step gave. */
export function outcomeOf(spoken: Spoken): Readonly<Record<string, unknown>> {
  return (spoken.answer as { run: { outcome: Record<string, unknown> } }).run.outcome;
}
