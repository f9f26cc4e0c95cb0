import { basename, dirname, join } from 'node:path/posix';
import type { StepCommand } from './step.ts';

/** Holdfast's own folder at the top of a root: staging places and kept old states. Never part of a walk. */
export const OWN_FOLDER = '.holdfast';

/** A root as a restore knows it; a `single` one is a file, staged in the folder that holds it. */
export interface StagePlace {
  readonly path: string;
  readonly single: boolean;
}

/**
 * The staging name is the fence: it holds run, epoch and attempt, so whoever was taken over finds its place gone.
 * Letters, digits and dots.
 */
export function stageName(command: Pick<StepCommand, 'runId' | 'epoch' | 'attempt'>): string {
  return `${command.runId}.${command.epoch}.${command.attempt}`;
}

/** Every place of a run, whatever epoch and attempt, begins with this. */
export function stagePrefix(runId: string): string {
  return `${runId}.`;
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

/** Where the old content lies after the switch, until it is released. */
export function keptTreePath(root: StagePlace, stage: string): string {
  const folder = join(stageFolder(root, stage), 'old');
  return root.single ? join(folder, basename(root.path)) : folder;
}
