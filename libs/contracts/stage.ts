import { basename, dirname, join } from 'node:path/posix';

/** Holdfast's own folder at the top of a root: staging places and kept old states. Never part of a walk. */
export const OWN_FOLDER = '.holdfast';

/** A root as a restore knows it; a `single` one is a file, staged in the folder that holds it. */
export interface StagePlace {
  readonly path: string;
  readonly single: boolean;
}

/** Who acts: the worker that began later has the higher claim, and after a takeover of the run the higher epoch. */
export interface Token {
  readonly runId: string;
  readonly epoch: number;
  readonly claim: number;
}

/** By epoch, then by claim: negative when `a` is the earlier one. */
export function compareTokens(a: Omit<Token, 'runId'>, b: Omit<Token, 'runId'>): number {
  return a.epoch - b.epoch || a.claim - b.claim;
}

/**
 * The name of a place is the fence: every step that acts on one first renames it to its own token, so whoever was taken
 * over finds it gone. Letters, digits and dots.
 */
export function stageName({ runId, epoch, claim }: Token): string {
  return `${runId}.${epoch}.${claim}`;
}

/** The other way round; undefined for any other name. */
export function parseStageName(name: string): Token | undefined {
  const [, runId, epoch, claim] = /^([0-9a-f]{32})\.(\d+)\.(\d+)$/.exec(name) ?? [];
  return runId === undefined ? undefined : { runId, epoch: Number(epoch), claim: Number(claim) };
}

/**
 * Folder of one staging place: on the root's own file system, so that the switch is renames. A single file's place has
 * its name at the end: two files of one folder, or a file and the folder itself, may be roots of the same run.
 */
export function stageFolder(root: StagePlace, stage: string): string {
  return root.single
    ? join(dirname(root.path), OWN_FOLDER, `${stage}.${basename(root.path)}`)
    : join(root.path, OWN_FOLDER, stage);
}

/** Where the restored content lies before the switch: the folder itself, or the single file. */
export function stagedTreePath(root: StagePlace, stage: string): string {
  const folder = join(stageFolder(root, stage), 'new');
  return root.single ? join(folder, basename(root.path)) : folder;
}

/** What is live, reached through the place: whoever finds the place gone reaches nothing. Not to be normalised. */
export function livePath(root: StagePlace, stage: string): string {
  const holder = `${stageFolder(root, stage)}/../..`;
  return root.single ? `${holder}/${basename(root.path)}` : holder;
}

/** Where the old content lies after the switch, until it is released. */
export function keptTreePath(root: StagePlace, stage: string): string {
  const folder = join(stageFolder(root, stage), 'old');
  return root.single ? join(folder, basename(root.path)) : folder;
}
