import { problem, type Problem } from '#libs/kernel/errors.ts';
import type { CallContext } from '#libs/runtime/contract.ts';
import type { PinnedSpec } from '#libs/runtime/spec-store.ts';
import { examineRewrites, rewritesIn, unmatchedNow } from '#libs/trees/rewrite.ts';
import { occupied, planPlaces } from '#libs/trees/places.ts';
import { filesOf } from '../domain/component.ts';
import type { FilePorts } from '../ports.ts';

export interface PreflightRequest extends PinnedSpec {
  readonly purpose: string;
  readonly snapshotId: string;
  readonly snapshotDigest: string;
  readonly snapshotDeployment: string;
}

/** Backup: the roots can be read. Restore: each place can take its root. Leaves nothing behind. */
export async function preflight(request: PreflightRequest, { signal }: CallContext, ports: FilePorts) {
  const spec = await ports.specs.read(request, signal);
  const { roots, component } = filesOf(spec, ports.site);
  if (request.purpose === 'PURPOSE_COVERAGE')
    return answerOf(await ports.trees.inspect(roots), { roots: await ports.trees.survey(roots, { signal }) });
  if (request.purpose !== 'PURPOSE_RESTORE')
    return answerOf(
      await ports.trees.inspect(roots),
      { roots: roots.map(({ name, path }) => ({ name, path })) },
      await unmatchedNow(roots, spec),
    );
  const { snapshotDeployment: deployment, snapshotId: id, snapshotDigest: digest, relocationJson } = request;
  const snapshot = await ports.snapshots.require({ deployment, component, id, digest }, signal);
  const { places, problems } = planPlaces(snapshot, roots);
  const resolved = rewritesIn(roots, spec, { source: deployment, relocationJson }, ports.requireSecret);
  const rewritten = await examineRewrites(resolved.rewrites, snapshot, places, { ...ports, signal });
  const probed = await ports.trees.probe(places.filter(({ absent }) => !absent));
  const emptied = places
    .filter(({ absent }) => absent)
    .map(({ name, path }) =>
      problem(
        'ROOT_MISSING',
        name,
        `${path} was not there when the backup was taken: what it holds now is put aside`,
        'look into it before the restore, and afterwards into the kept old state',
      ),
    );
  return answerOf(
    [
      ...problems,
      ...probed.problems,
      ...occupied(relocationJson, probed.facts),
      ...resolved.problems,
      ...rewritten.problems,
    ],
    { places: probed.facts, settings: rewritten.settings },
    emptied,
  );
}

function answerOf(problems: readonly Problem[], facts: object, warnings: readonly Problem[] = []) {
  return { problems, warnings, factsJson: JSON.stringify(facts) };
}
