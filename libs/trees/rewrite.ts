import { constants } from 'node:fs';
import { open, readFile, realpath } from 'node:fs/promises';
import type { StagedTrees } from '#libs/contracts/requests.ts';
import { rewritesFor } from '#libs/contracts/rewrite.ts';
import type { SecretRef, Spec } from '#libs/contracts/spec.ts';
import { stagedTreePath } from '#libs/contracts/stage.ts';
import type { TreeRoot } from '#libs/contracts/tree-snapshot.ts';
import { problem, refuseAll, type Problem } from '#libs/kernel/errors.ts';
import type { Secret } from '#libs/kernel/secret.ts';
import type { Snapshot } from '#libs/repository/port.ts';
import { resolveRewrites, type ResolvedRewrite } from '#libs/settings/resolve-rewrites.ts';
import { rewriteContent } from '#libs/settings/rewrite-content.ts';
import { applyToHandle, readAttributes } from './attributes.ts';
import { TOP } from './paths.ts';
import { locate } from './places.ts';
import type { NamedPlace } from './port.ts';
import type { TreeSnapshots } from './snapshots.ts';

/** A key of a settings file and what it will say; the values of secrets are not told. */
export interface SettingChange {
  readonly file: string;
  readonly key: string;
  readonly change: 'set' | 'same';
  readonly to: string;
}

/** The rewrites that a run applies to these roots. */
export function rewritesIn(
  roots: readonly TreeRoot[],
  spec: Spec,
  run: Parameters<typeof rewritesFor>[1],
  requireSecret: (ref: SecretRef) => Secret,
): ReturnType<typeof resolveRewrites> {
  const own = rewritesFor(spec, run).filter(({ file }) => locate(file, roots) !== undefined);
  return resolveRewrites(own, spec, requireSecret);
}

/** Rewrites that fit nothing in the living files: they would refuse a restore elsewhere. */
export async function unmatchedNow(roots: readonly TreeRoot[], spec: Spec): Promise<readonly Problem[]> {
  const own = spec.config.rewrite.filter(({ file }) => locate(file, roots) !== undefined);
  const found = own.map(async ({ file, format, set }) => {
    const content = await readFile(file).catch(() => undefined);
    if (content === undefined) return [noFile(file)];
    const values = new Map(Object.keys(set).map((key) => [key, '']));
    return rewriteContent(content, { format, values }).unmatched.map((key) =>
      unmatchedKey({ file, format }, key),
    );
  });
  return (await Promise.all(found)).flat();
}

/** What the rewrites would do to the files of a snapshot, before anything is touched. */
export async function examineRewrites(
  rewrites: readonly ResolvedRewrite[],
  snapshot: Snapshot,
  places: readonly NamedPlace[],
  { snapshots, signal }: { readonly snapshots: TreeSnapshots; readonly signal: AbortSignal },
): Promise<{ readonly problems: readonly Problem[]; readonly settings: readonly SettingChange[] }> {
  const wanted = new Map<string, ResolvedRewrite>();
  for (const rewrite of rewrites) {
    const found = locate(rewrite.file, places);
    wanted.set(`${found?.place.name ?? ''}/${found?.path ?? rewrite.file}`, rewrite);
  }
  const problems: Problem[] = [];
  const settings: SettingChange[] = [];
  if (wanted.size === 0) return { problems, settings };
  for await (const record of snapshots.listing(snapshot, signal)) {
    const name = `${record.root}/${record.path}`;
    const rewrite = record.kind === 'file' ? wanted.get(name) : undefined;
    if (rewrite === undefined || record.kind !== 'file') continue;
    wanted.delete(name);
    const content = Buffer.concat(await Array.fromAsync(snapshots.content(record.data, signal)));
    const { changed, unmatched } = rewriteContent(content, rewrite);
    problems.push(...unmatched.map((key) => unmatchedKey(rewrite, key)));
    settings.push(...changesOf(rewrite, new Set(changed)));
  }
  problems.push(...[...wanted.values()].map(({ file }) => noFile(file)));
  return { problems, settings };
}

/** Writes them into the staged files, each with the attributes it had. Throws REFUSED when one fits nothing. */
export async function rewriteStaged(
  rewrites: readonly ResolvedRewrite[],
  { roots, stage }: Pick<StagedTrees, 'roots' | 'stage'>,
): Promise<void> {
  const problems: Problem[] = [];
  for (const rewrite of rewrites) {
    const found = locate(rewrite.file, roots);
    if (found === undefined) continue;
    const top = stagedTreePath(found.place, stage);
    const path = found.path === TOP ? top : `${top}/${Buffer.from(found.path, 'latin1').toString()}`;
    const inside = await realpath(path).catch(() => undefined);
    if (inside !== `${await realpath(top)}${path.slice(top.length)}`) {
      problems.push(noFile(rewrite.file));
      continue;
    }
    const { content, changed, unmatched } = rewriteContent(await readFile(path), rewrite);
    problems.push(...unmatched.map((key) => unmatchedKey(rewrite, key)));
    if (changed.length > 0) await replaceContent(path, content);
  }
  refuseAll('REFUSED', problems);
}

/** Other bytes in the same file, durable; owner, mode and times as they were. For staged files only. */
export async function replaceContent(path: string, content: Uint8Array): Promise<void> {
  const attributes = await readAttributes(path);
  await using handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  await handle.truncate(0);
  await handle.writeFile(content);
  await applyToHandle(handle, attributes);
  await handle.sync();
}

function changesOf(
  { file, values, secrets }: ResolvedRewrite,
  changed: ReadonlySet<string>,
): readonly SettingChange[] {
  return [...values].map(([key, value]) => ({
    file,
    key,
    change: changed.has(key) ? 'set' : 'same',
    to: secrets.has(key) ? '[secret]' : value,
  }));
}

function noFile(file: string): Problem {
  return problem('REWRITE_UNMATCHED', file, 'there is no such file');
}

function unmatchedKey({ file, format }: Pick<ResolvedRewrite, 'file' | 'format'>, key: string): Problem {
  const message = `the file has no single value of that name, read as ${format}`;
  return problem('REWRITE_UNMATCHED', `${file} ${key}`, message);
}
