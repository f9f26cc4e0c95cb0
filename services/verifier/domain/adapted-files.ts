import { rewritesFor } from '#libs/contracts/rewrite.ts';
import { ownVariables } from '#libs/contracts/spare.ts';
import type { SnapshotRef, StagedTrees } from '#libs/contracts/requests.ts';
import { refuseAll } from '#libs/kernel/errors.ts';
import type { StepContext } from '#libs/runtime/contract.ts';
import { resolveRewrites, type ResolvedRewrite } from '#libs/settings/resolve-rewrites.ts';
import { TOP } from '#libs/trees/paths.ts';
import { locate } from '#libs/trees/places.ts';
import type { VerifierPorts } from '../ports.ts';
import { overriddenDifference } from './compare-overridden.ts';
import { rewrittenDifference } from './compare-rewritten.ts';
import { differenceOf } from './compare-tree.ts';
import type { FileRecord, Overridden } from './compare-trees.ts';

/** What the spec gave its own values to: exactly those may differ from the snapshot. Undefined for nothing. */
export function adaptedBy(
  { component, roots }: StagedTrees,
  { deployment: source }: SnapshotRef,
  { spec, command, signal }: StepContext,
  { evidence, trees, requireSecret }: VerifierPorts,
): { readonly overridden: Overridden; readonly told: string } | undefined {
  const own = new Set(component === 'config' ? ownVariables(spec) : []);
  const wanted = rewritesFor(spec, { source, relocationJson: command.relocationJson });
  const { rewrites, problems } = resolveRewrites(
    wanted.filter(({ file }) => locate(file, roots) !== undefined),
    spec,
    requireSecret,
  );
  refuseAll('REFUSED', problems);
  if (own.size === 0 && rewrites.length === 0) return undefined;
  const byPlace = new Map(
    rewrites.map((rewrite): [string, ResolvedRewrite] => {
      const { place, path } = locate(rewrite.file, roots)!;
      return [`${place.name}/${path}`, rewrite];
    }),
  );
  const isOwn = (root: string) => own.size > 0 && root.startsWith('env:');
  const keys = rewrites.flatMap(({ values }) => [...values.keys()]);
  return {
    told: `overridden by the spec: ${[...new Set([...own, ...keys])].join(', ')}`,
    overridden: {
      isMeant: (root, path) => isOwn(root) || byPlace.has(`${root}/${path}`),
      async differenceOf({ root, path }, record, seen) {
        const attributes = differenceOf({ ...record, data: { ...record.data, bytes: seen.bytes } }, seen, {
          owners: process.getuid?.() === 0,
          digests: false,
        });
        if (attributes !== undefined) return attributes;
        const rewrite = byPlace.get(`${root}/${record.path}`);
        const then = await evidence.content(record.data, signal);
        const now = await trees.read(fileAt(path, record));
        return rewrite === undefined
          ? overriddenDifference(then, now, own)
          : rewrittenDifference(then, now, rewrite, own);
      },
    },
  };
}

function fileAt(folder: string, { path }: FileRecord): string {
  return path === TOP ? folder : `${folder}/${Buffer.from(path, 'latin1').toString()}`;
}
